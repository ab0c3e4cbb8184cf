// SPDX-License-Identifier: Apache-2.0
// driver CASES: what Verify() of docs/how-to/receive.md says about each case, a line each. See verifiers.py.
package main

import (
	"driver/webhook"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

type one struct {
	Dialect string
	Secrets []string
	Headers map[string]string
	Body    string
	Now     int64
}

func bytes(text string) []byte {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return raw
}

func main() {
	var cases []one
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(text, &cases)
	}
	if err != nil {
		panic(err)
	}
	for _, c := range cases {
		header := func(name string) string { return string(bytes(c.Headers[strings.ToLower(name)])) }
		if webhook.Verify(c.Dialect, c.Secrets, header, bytes(c.Body), time.Unix(c.Now, 0)) {
			fmt.Println("accepted")
		} else {
			fmt.Println("refused")
		}
	}
}

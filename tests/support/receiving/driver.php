<?php
// driver.php MODULE CASES: what verify_webhook() of docs/how-to/receive.md says about each case, a line each. See verifiers.py.
declare(strict_types=1);

// A warning is a fault, too.
set_error_handler(function (int $level, string $words): bool {
    throw new ErrorException($words);
});
require $argv[1];

foreach (json_decode(file_get_contents($argv[2]), true, 512, JSON_THROW_ON_ERROR) as $one) {
    $headers = array_map('base64_decode', $one['headers']);
    $body = base64_decode($one['body']);
    echo verify_webhook($one['dialect'], $one['secrets'], $headers, $body, $one['now']) ? "accepted\n" : "refused\n";
}

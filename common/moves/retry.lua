#!lua
-- SPDX-License-Identifier: Apache-2.0
-- retry.lua: a person wants an ended delivery tried again: one new attempt, with one retry.
-- KEYS[1] head · ARGV[1] delivery id · ARGV[2] delay in ms
-- Answers {due ms}, or an error text: 'missing', 'pending', 'endpoint removed', 'endpoint disabled'.
-- Invariants: those of again.lua.
--#include base.lua
--#include again.lua
local due = now + tonumber(ARGV[2])
local refusal = again(ARGV[1], due)
if refusal then return refusal end
wake(due)
return {due}

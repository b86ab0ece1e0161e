import type { Command, KeyBinding } from '@codemirror/view'
import { type ActionId, keysOf } from './catalogue'

/** The keys of these actions, for a text in which they do this. */
export const bindings = (commands: Partial<Record<ActionId, Command>>): KeyBinding[] =>
  Object.entries(commands).flatMap(([id, run]) => keysOf(id as ActionId).map((key) => ({ key, run })))

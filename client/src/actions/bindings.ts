import type { Command, KeyBinding } from '@codemirror/view'
import { type ActionId, keysOf } from './catalogue'

/**
 * The keys of these actions, for a text in which they do this. With `always`, the browser has no use of them either
 * when there is nothing to do; without, what a key writes then is written.
 */
export const bindings = (commands: Partial<Record<ActionId, Command>>, always = false): KeyBinding[] =>
  Object.entries(commands).flatMap(([id, run]) =>
    keysOf(id as ActionId).map((key) => ({ key, run, preventDefault: always })),
  )

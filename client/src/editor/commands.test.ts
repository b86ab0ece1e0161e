// @vitest-environment jsdom
import type { KeyBinding } from '@codemirror/view'
import { expect, test } from 'vitest'
import { actionIds, type ActionId, entryOf, keysOf } from '../actions/catalogue'
import { readingCommands, writingCommands } from './commands'
import { textKeys } from './setup'

const normal = (key: string) =>
  key
    .split(/-(?!$)/)
    .sort()
    .join('-')

/** What a key does in CodeMirror. */
function commandOf(key: string, mac: boolean): KeyBinding['run'] {
  const named = (binding: KeyBinding) => (mac ? (binding.mac ?? binding.key) : binding.key)
  const plain = textKeys.find((binding) => binding.run && normal(named(binding) ?? '') === normal(key))
  if (plain !== undefined) return plain.run
  return textKeys.find((binding) => binding.shift && normal(`Shift-${named(binding) ?? ''}`) === normal(key))?.shift
}

test.each(Object.entries({ ...readingCommands, ...writingCommands }))(
  '%s has the keys that CodeMirror has',
  (id, command) => {
    for (const mac of [false, true]) {
      for (const key of keysOf(id as ActionId, mac)) expect([key, commandOf(key, mac)]).toEqual([key, command])
    }
  },
)

test('no two actions have one title, or the same key in the same place', () => {
  const titles = actionIds.map((id) => entryOf(id).title)
  expect(new Set(titles).size).toBe(titles.length)
  for (const mac of [false, true]) {
    const keys = actionIds.flatMap((id) => {
      const { within } = entryOf(id)
      return keysOf(id, mac).map((key) => `${normal(key)} ${within ?? 'text'}`)
    })
    expect(keys.filter((key, nth) => keys.indexOf(key) !== nth)).toEqual([])
  }
})

test('the keys of the tabs do nothing else in a text', () => {
  for (const mac of [false, true]) {
    const keys = actionIds.filter((id) => entryOf(id).group === 'Tabs').flatMap((id) => keysOf(id, mac))
    expect(keys.filter((key) => commandOf(key, mac) !== undefined)).toEqual([])
  }
})

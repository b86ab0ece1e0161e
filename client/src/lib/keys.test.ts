// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { isPressed, written } from './keys'

const press = (key: string, held: Partial<Record<'ctrl' | 'meta' | 'alt' | 'shift', boolean>> = {}, code = '') => ({
  key,
  code,
  ctrlKey: held.ctrl ?? false,
  metaKey: held.meta ?? false,
  altKey: held.alt ?? false,
  shiftKey: held.shift ?? false,
})

test.each([
  ['Mod-b', 'Ctrl B', '⌘B'],
  ['Mod-Shift-p', 'Ctrl Shift P', '⇧⌘P'],
  ['Shift-Alt-y', 'Alt Shift Y', '⌥⇧Y'],
  ['Mod-ArrowRight', 'Ctrl →', '⌘→'],
  ['Mod--', 'Ctrl -', '⌘-'],
  ['Ctrl-Space', 'Ctrl Space', '⌃Space'],
  ['Shift-F8', 'Shift F8', '⇧F8'],
])('%s is written %s, and %s on a Mac', (key, elsewhere, onMac) => {
  expect(written(key, false)).toBe(elsewhere)
  expect(written(key, true)).toBe(onMac)
})

test('a key is pressed with what is held, and with nothing else', () => {
  expect(isPressed('Mod-p', press('p', { ctrl: true }), false)).toBe(true)
  expect(isPressed('Mod-p', press('p', { meta: true }), true)).toBe(true)
  expect(isPressed('Mod-p', press('p', { ctrl: true }), true)).toBe(false)
  expect(isPressed('Mod-p', press('P', { ctrl: true, shift: true }), false)).toBe(false)
  expect(isPressed('Mod-Shift-p', press('P', { ctrl: true, shift: true }), false)).toBe(true)
  expect(isPressed('Mod-p', press('P', { ctrl: true }), false)).toBe(true)
  expect(isPressed('F1', press('F1'), false)).toBe(true)
  expect(isPressed('F1', press('F1', { shift: true }), false)).toBe(false)
})

test('where the keyboard writes other letters, the place of the key counts', () => {
  expect(isPressed('Mod-p', press('з', { ctrl: true }, 'KeyP'), false)).toBe(true)
  expect(isPressed('Mod-p', press('r', { ctrl: true }, 'KeyP'), false)).toBe(false)
})

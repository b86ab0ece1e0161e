import { EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { replaceForbidden } from './forbidden'

const type = (insert: string) =>
  EditorState.create({ doc: 'ab', extensions: replaceForbidden })
    .update({ changes: { from: 1, insert } })
    .state.doc.toString()

test('what the server would refuse is replaced, everything else stays', () => {
  expect(type('x\0y')).toBe('ax\uFFFDyb')
  expect(type('\uD83D')).toBe('a\uFFFDb')
  expect(type('😀\nné')).toBe('a😀\nnéb')
})

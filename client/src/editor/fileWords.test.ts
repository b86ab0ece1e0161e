import { CompletionContext } from '@codemirror/autocomplete'
import { EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { fileWords } from './fileWords'

test('each word of the file, of no kind', async () => {
  const doc = 'semaphore lock\nsem'
  const found = await fileWords(new CompletionContext(EditorState.create({ doc }), doc.length, false))
  expect(found?.from).toBe(15)
  expect(found?.options).toEqual([{ label: 'semaphore' }, { label: 'lock' }])
})

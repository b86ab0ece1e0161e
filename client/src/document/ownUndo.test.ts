import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { OwnUndo } from './ownUndo'

function opened() {
  const text = new Y.Doc().getText('text')
  const undo = new OwnUndo(text)
  text.insert(0, 'mine')
  return { text, undo }
}

describe('taking back', () => {
  test('a decision comes before older edits', () => {
    const { text, undo } = opened()
    const taken: string[] = []
    undo.noteStep(() => taken.push('first') > 0)
    undo.noteStep(() => taken.push('second') > 0)
    undo.undo()
    expect([taken, text.toString()]).toEqual([['second'], 'mine'])
    undo.undo()
    expect([taken, text.toString()]).toEqual([['second', 'first'], 'mine'])
    undo.undo()
    expect(text.toString()).toBe('')
  })

  test('whoever has written since takes back what they have written, and then what they had written', () => {
    const { text, undo } = opened()
    undo.noteStep(() => expect.unreachable('it is no longer the last thing that was done'))
    text.insert(4, ' too')
    undo.undo()
    expect(text.toString()).toBe('mine')
    undo.undo()
    expect(text.toString()).toBe('')
    undo.redo()
    expect(text.toString()).toBe('mine')
  })

  test('what others write does not matter', () => {
    const { text, undo } = opened()
    let taken = false
    undo.noteStep(() => (taken = true))
    text.doc?.transact(() => text.insert(0, 'theirs '), 'provider')
    undo.undo()
    expect([taken, text.toString()]).toEqual([true, 'theirs mine'])
  })

  test('a decision that somebody else has taken back is passed over', () => {
    const { text, undo } = opened()
    undo.noteStep(() => false)
    undo.undo()
    expect(text.toString()).toBe('')
  })
})

// @vitest-environment jsdom
import { type ChangeSpec, EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { ask, askRange } from './ask'

/** What an instruction about the selection is about after others have changed the text. */
function askedAfter(changes: ChangeSpec, anchor: number, head = anchor) {
  let state = EditorState.create({ doc: 'Dear all, bye', selection: { anchor, head }, extensions: askRange })
  ask({ state, dispatch: (transaction) => (state = transaction.state) })
  return state.update({ changes }).state.field(askRange)
}

test('a place stays before what is written there, as the cursor does', () => {
  expect(askedAfter({ from: 10, insert: 'thank ' }, 10)).toEqual({ from: 10, to: 10 })
  expect(askedAfter({ from: 0, insert: 'My ' }, 10)).toEqual({ from: 13, to: 13 })
})

test('a piece of the text does not grow by what is written right beside it', () => {
  expect(askedAfter({ from: 5, insert: 'you ' }, 5, 8)).toEqual({ from: 9, to: 12 })
  expect(askedAfter({ from: 8, insert: ' of you' }, 5, 8)).toEqual({ from: 5, to: 8 })
  expect(askedAfter({ from: 6, insert: 'x' }, 5, 8)).toEqual({ from: 5, to: 9 })
})

import { search, SearchQuery, setSearchQuery } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { countInWords } from './matchCount'

function count(doc: string, query: ConstructorParameters<typeof SearchQuery>[0], anchor = 0, head = anchor): string {
  const state = EditorState.create({ doc, selection: { anchor, head }, extensions: search() })
  return countInWords(state.update({ effects: setSearchQuery.of(new SearchQuery(query)) }).state)
}

test('how much is found, and which of it is selected', () => {
  expect(count('a b a', { search: 'a' })).toBe('2 matches')
  expect(count('a b a', { search: 'a' }, 4, 5)).toBe('2 of 2')
  expect(count('a b a', { search: 'b' }, 1)).toBe('1 match')
  expect(count('a b a', { search: 'c' })).toBe('No match')
  expect(count('a b a', { search: '[ab]', regexp: true })).toBe('3 matches')
})

test('nothing is said where nothing is asked, or cannot be answered soon', () => {
  expect(count('a', { search: '' })).toBe('')
  expect(count('a', { search: '(', regexp: true })).toBe('')
  expect(count('a'.repeat(2_000_001), { search: 'b' })).toBe('')
  expect(count('a'.repeat(1_001), { search: 'a' })).toMatch(/^Over 1.?000 matches$/)
})

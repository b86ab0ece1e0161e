import { describe, expect, test } from 'vitest'
import cases from '../../../tests/vectors/mentions.json'
import { mentionAt, mentioned, mentionOf } from './mentions'

describe('mentions', () => {
  test.each(cases)('files that are named: $text', ({ files, text, found }) => {
    expect(mentioned(text, (path) => files.includes(path))).toEqual(found)
  })

  test.each(['a.md', 'b/c d.md', 'über/maß.md', 'a.', 'what?', '😀.md', 'x\u00a0y'])(
    'a name that is put in is found: %s',
    (path) => {
      for (const text of [mentionOf(path), `See ${mentionOf(path)}, please.`, `(${mentionOf(path)})`]) {
        expect(mentioned(text, (other) => other === path)).toEqual([path])
      }
    },
  )

  test('what is being typed begins at its sign and ends at the cursor', () => {
    expect(mentionAt('see @no', 7)).toEqual({ start: 4, query: 'no' })
    expect(mentionAt('see @no', 5)).toEqual({ start: 4, query: '' })
    expect(mentionAt('@"my pl', 7)).toEqual({ start: 0, query: 'my pl' })
    expect(mentionAt('see @no more', 12)).toBeNull()
    expect(mentionAt('ann@no', 6)).toBeNull()
    expect(mentionAt('nothing', 7)).toBeNull()
  })
})

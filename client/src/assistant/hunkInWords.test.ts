import { describe, expect, it } from 'vitest'
import { hunkInWords } from './hunkInWords'

const words = (base: string, proposed: string) => hunkInWords({ mode: 'edit', base, proposed })

describe('a change in words', () => {
  it('says what comes, goes or is replaced', () => {
    expect(words('', 'new\n')).toBe('insert “new”')
    expect(words('old\n', '')).toBe('delete “old”')
    expect(words('one  two', 'three')).toBe('replace “one two” by “three”')
  })

  it('never quotes nothing', () => {
    expect(words(' ', '')).toBe('delete a space')
    expect(words('', '    ')).toBe('insert 4 spaces')
    expect(words('\n', '')).toBe('delete a line break')
    expect(words('', ' \n\n')).toBe('insert 2 line breaks')
    expect(words('\t', '  ')).toBe('replace a tab by 2 spaces')
  })

  it('tells two texts apart that differ in their blanks alone', () => {
    expect(words('a = 1', 'a  =  1')).toBe('change the spacing of “a = 1”')
    expect(words('  a\n', 'a\n')).toBe('change the spacing of “a”')
  })

  it('shortens what is long', () => {
    const long = 'x'.repeat(59)
    expect(words('', `${long}xyz`)).toBe(`insert “${long}…”`)
    expect(words(`${long}xyz`, `${long}xzy`)).toBe(`replace “${long}…” by “${long}…”`)
  })

  it('does not describe what was written at once', () => {
    expect(hunkInWords({ mode: 'write', base: '', proposed: 'a' })).toBe('what the assistant wrote')
  })
})

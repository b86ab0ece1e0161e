import { describe, expect, test } from 'vitest'
import { filesOfBlock, introductions, namedFiles, textFiles } from './blockFile'

const files = textFiles(['u1 renamed.txt', 'src/renamed_note.py', 'src/notes.md', 'a/main.py', 'b/main.py', 'main.ts'])

test('a text names files by their path, or by a name that only one has', () => {
  expect(namedFiles('In renamed_note.py, `u1 renamed.txt` and @"src/notes.md".', files)).toEqual([
    'src/renamed_note.py',
    'u1 renamed.txt',
    'src/notes.md',
  ])
  expect(namedFiles('In main.py, e.g. a/main.py. Nothing of.this is one.', files)).toEqual(['a/main.py'])
})

test('before each block stands a paragraph, or nothing', () => {
  const text = 'First.\n\nIn a.py:\nas said\n\n```python\nx\n\n```\n~~~\ny\n~~~\n> Then b.py:\n> ```\n> z\n> ```\n'
  expect(introductions(text)).toEqual(['In a.py:\nas said', '', 'Then b.py:'])
})

describe('the file that a block is meant for', () => {
  const said = { question: '', answer: '', mentions: [], about: null, open: 'u1 renamed.txt' }
  const code = { language: 'python', hint: '', block: 0 }
  const first = (...args: Parameters<typeof filesOfBlock>) => filesOfBlock(...args)[0]

  test('is the one behind its fence', () => {
    expect(first({ ...code, hint: 'src/renamed_note.py' }, said, files)).toBe('src/renamed_note.py')
    expect(first({ ...code, hint: 'title="renamed_note.py"' }, said, files)).toBe('src/renamed_note.py')
  })

  test('else the last one in the paragraph before', () => {
    const answer = 'As in a/main.py, change `renamed_note.py`:\n\n```python\nx\n```\n'
    expect(first(code, { ...said, answer }, files)).toBe('src/renamed_note.py')
  })

  test('else the one that the question names, in the language of the block if there are several', () => {
    expect(first(code, { ...said, question: 'Write renamed_note.py anew' }, files)).toBe('src/renamed_note.py')
    const mentions = ['src/notes.md', 'src/renamed_note.py']
    expect(first(code, { ...said, mentions }, files)).toBe('src/renamed_note.py')
    expect(first({ ...code, language: 'markdown' }, { ...said, mentions }, files)).toBe('src/notes.md')
  })

  test('else the one that the question was about, and then the one that is open', () => {
    expect(filesOfBlock(code, { ...said, about: 'a/main.py' }, files)).toEqual(['a/main.py', 'u1 renamed.txt'])
    expect(filesOfBlock(code, { ...said, open: 'gone.py' }, files)).toEqual([])
  })
})

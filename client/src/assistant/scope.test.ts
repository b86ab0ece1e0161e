import { describe, expect, test } from 'vitest'
import { editRequest, findPaths } from './scope'

const place = { path: 'a.py', text: 'one two', from: 4, to: 7 }

describe('what is asked for', () => {
  test('the selected text alone', () => {
    expect(editRequest('here', 'Fix it.', place, [])).toEqual({
      path: 'a.py',
      start: 4,
      end: 7,
      instruction: 'Fix it.',
      expected: 'two',
    })
  })

  test('the whole file', () => {
    expect(editRequest('file', 'Fix it.', place, [])).toMatchObject({ start: 0, end: 7, expected: 'one two' })
  })

  test('other files, about the selected text', () => {
    expect(editRequest('everywhere', 'Fix it.', place, [])).toMatchObject({ start: 4, end: 7, also: 'all' })
    expect(editRequest('chosen', 'Fix it.', place, ['b.py'])).toMatchObject({ expected: 'two', also: ['b.py'] })
  })
})

describe('choosing files', () => {
  const paths = ['src/app/main.py', 'src/main/app.py', 'README.md', 'docs/src.md']

  test('all words have to be in the path, file names come first', () => {
    expect(findPaths(paths, 'main')).toEqual(['src/app/main.py', 'src/main/app.py'])
    expect(findPaths(paths, 'SRC')).toEqual(['docs/src.md', 'src/app/main.py', 'src/main/app.py'])
    expect(findPaths(paths, 'src app.py')).toEqual(['src/main/app.py'])
    expect(findPaths(paths, ' ')).toHaveLength(4)
  })

  test('thousands of files are not all listed', () => {
    expect(
      findPaths(
        Array.from({ length: 5_000 }, (_, n) => `f${n}.txt`),
        'f',
      ),
    ).toHaveLength(100)
  })
})

import { expect, test } from 'vitest'
import { folderHints } from './labels'

test.each([
  [
    ['a.md', 'b.md'],
    ['', ''],
  ],
  [
    ['docs/a.md', 'code/a.md', 'b.md'],
    ['docs', 'code', ''],
  ],
  [
    ['a.md', 'docs/a.md'],
    ['/', 'docs'],
  ],
  [
    ['x/docs/a.md', 'y/docs/a.md'],
    ['x/docs', 'y/docs'],
  ],
  [
    ['x/docs/a.md', 'y/docs/a.md', 'code/a.md'],
    ['x/docs', 'y/docs', 'code'],
  ],
  [
    ['docs/a.md', 'x/docs/a.md'],
    ['docs', 'x/docs'],
  ],
])('%j are told apart by %j', (paths, hints) => {
  expect(folderHints(paths)).toEqual(hints)
})

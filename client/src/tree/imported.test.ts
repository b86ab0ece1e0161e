import { expect, test } from 'vitest'
import { describeImport } from './imported'

test.each([
  [{ created: 627, changed: 0, unchanged: 0 }, '627 new files.'],
  [{ created: 1, changed: 2, unchanged: 3 }, '1 new file, 2 changed, 3 as before.'],
  [{ created: 0, changed: 0, unchanged: 0 }, 'There are no files in it.'],
])('an import is told by its counts', (counts, sentence) => {
  expect(describeImport(counts)).toBe(sentence)
})

import { expect, test } from 'vitest'
import { taskMark } from './tasks'

test.each([
  ['- [ ] one', { at: 3, mark: ' ' }],
  ['  * [x] two', { at: 5, mark: 'x' }],
  ['10. [X] three', { at: 5, mark: 'X' }],
  ['> - [ ] quoted', { at: 5, mark: ' ' }],
  ['1. - [ ] in a list', { at: 6, mark: ' ' }],
  ['[ ] no item', null],
  ['- text [ ]', null],
  ['- [y] neither', null],
])('%s', (line, found) => {
  expect(taskMark(line)).toEqual(found)
})

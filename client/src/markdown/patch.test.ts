// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { type BlockLines, patchBlocks } from './patch'

const fragment = (...blocks: [line: number, html: string][]) => {
  const made = document.createElement('template')
  made.innerHTML = blocks.map(([line, html]) => `<p data-line="${line}">${html}</p>`).join('')
  return made.content
}

test('blocks that did not change stay the same elements, with their new lines', () => {
  const target = document.createElement('div')
  const lines: BlockLines = new WeakMap()
  patchBlocks(target, fragment([0, 'a'], [2, 'b'], [4, 'c']), lines)
  const [first, , last] = [...target.children]
  patchBlocks(target, fragment([0, 'a'], [2, 'B'], [4, 'new'], [6, 'c']), lines)
  expect(target.textContent).toBe('aBnewc')
  expect(target.firstElementChild).toBe(first)
  expect(target.lastElementChild).toBe(last)
  expect([...target.children].map((block) => lines.get(block))).toEqual([0, 2, 4, 6])
})

test('repeated blocks, shrinking and emptying', () => {
  const target = document.createElement('div')
  const lines: BlockLines = new WeakMap()
  patchBlocks(target, fragment([0, 'x'], [2, 'x'], [4, 'x']), lines)
  patchBlocks(target, fragment([0, 'x'], [2, 'x']), lines)
  expect(target.textContent).toBe('xx')
  patchBlocks(target, fragment(), lines)
  expect(target.childElementCount).toBe(0)
})

// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import type { Seen } from '../api/types'
import { renderBlocks } from '../markdown/blocks'
import { purify } from '../markdown/purify'
import { texToHtml } from '../markdown/texOutput'
import { citations, citedIn, clickedCitation, passagesOf, type Source } from './citations'

const seen = (change: Partial<Seen>): Seen => ({
  role: 'knowledge',
  path: 'notes/a.md',
  lines: [12, 30],
  number: 1,
  tokens: 10,
  of: 10,
  why: 'has to do with what is asked',
  ...change,
})

const source = (number: number, change: Partial<Source> = {}): Source => ({
  number,
  path: `notes/${number}.md`,
  line: 12,
  place: 'lines 12–30',
  gone: false,
  ...change,
})

const three = [source(1), source(2), source(3, { gone: true })]

function render(text: string, sources: readonly Source[] = three): HTMLElement {
  const fragment = document.createDocumentFragment()
  fragment.append(...purify(renderBlocks({ text, workspace: 'w', path: '' }, texToHtml)))
  const { to, add } = citations(sources, (path) => `/w/w/${path}`)
  if (to.test([...fragment.children].map((block) => block.outerHTML).join(''))) add(fragment)
  const box = document.createElement('div')
  box.append(fragment)
  return box
}

describe('passages', () => {
  test('are those that have a number, each once, in the order of these', () => {
    const context = [
      seen({ role: 'document', number: null }),
      seen({ number: 2, path: 'b.pdf', within: ['page 3'], lines: [1, 9] }),
      seen({ number: 1 }),
      seen({ number: 1, path: 'other.md' }),
      seen({ number: null }),
      seen({ number: 4, path: null }),
      seen({ number: 5, lines: null }),
    ]
    expect(passagesOf(context)).toEqual([
      { number: 1, path: 'notes/a.md', line: 12, place: 'lines 12–30' },
      { number: 2, path: 'b.pdf', line: 1, place: 'page 3' },
      { number: 5, path: 'notes/a.md', line: null, place: '' },
    ])
    expect(passagesOf(null)).toEqual([])
  })
})

describe('citations', () => {
  const linked = (text: string) => [...render(text).querySelectorAll('a.citation')].map((one) => one.textContent)

  test('lead to where their passages are, and say where that is', () => {
    const [link] = render('So it is [1].').querySelectorAll('a')
    expect(link?.getAttribute('href')).toBe('/w/w/notes/1.md')
    expect(link?.textContent).toBe('1')
    expect(link?.title).toBe('notes/1.md, lines 12–30')
    expect(link?.ariaLabel).toBe('1: notes/1.md, lines 12–30')
  })

  test.each([
    ['one behind the other', 'is [1][2]', ['1', '2']],
    ['in one pair of brackets', 'is [1, 2] and [2,1]', ['1', '2', '2', '1']],
    ['in lists, tables and headings', '- [1]\n\n## a [2]\n\n| a |\n|---|\n| [1] |', ['1', '2', '1']],
    ['links', '[1](x) [[1]](x) [see [2]](x) [1][2]\n\n[2]: x', []],
    ['a reference', '[1]: x', []],
    ['code', '`[1]`\n\n```\n[1]\n```', []],
    ['formulas', '$a[1]$ \\[1\\]', []],
    ['escaped', '\\[1] [1\\]', []],
    ['numbers that are none', '[01] [0] [99999999999] [1.0] [١]', []],
  ])('%s', (_name, text, found) => {
    expect(linked(text)).toEqual(found)
  })

  test('of no passage stay as they were written', () => {
    expect(render('is [7], and [7, 8]').textContent.trim()).toBe('is [7], and [7, 8]')
    expect(render('is [1]', []).textContent.trim()).toBe('is [1]')
    const mixed = render('is [1, 7]')
    expect(mixed.textContent.trim()).toBe('is 1[7]')
    expect(mixed.querySelectorAll('a')).toHaveLength(1)
  })

  test('a file that is gone is named, and leads nowhere', () => {
    const gone = render('is [3]').querySelector<HTMLElement>('.citation')
    expect([gone?.tagName, gone?.textContent, gone?.title]).toEqual(['SPAN', '3', 'notes/3.md is gone'])
    expect(clickedCitation(gone)).toBeNull()
  })

  test('those on the page are counted once each', () => {
    expect(citedIn(render('[3] and [2], [2, 9]; `[1]`'))).toEqual([2, 3])
    expect(citedIn(render('nothing'))).toEqual([])
  })

  test('a click on one is known, and one on what only looks like it is not', () => {
    const box = render('is [2], [1](x)')
    const [citation, link] = box.querySelectorAll('a')
    expect(clickedCitation(citation?.firstChild?.parentElement ?? null)).toBe(2)
    expect(clickedCitation(link ?? null)).toBeNull()
    expect(clickedCitation(box)).toBeNull()
    expect(clickedCitation(null)).toBeNull()
  })

  test('nothing of a path or an answer becomes HTML', () => {
    const path = '"><img src=x onerror=alert(1)>.md'
    const box = render('<a class="citation" data-number="1">x</a> <span data-cite="1">y</span> [1]', [
      source(1, { path, place: '<b>1</b>' }),
      source(2, { path, gone: true }),
    ])
    expect(box.querySelectorAll('img, b, [onerror]')).toHaveLength(0)
    expect(box.querySelectorAll('.citation')).toHaveLength(1)
    expect(box.querySelector('a')?.title).toBe(`${path}, <b>1</b>`)
    expect(box.textContent).toContain('<a class=')
  })
})

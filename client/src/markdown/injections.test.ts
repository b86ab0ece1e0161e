// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import injections from '../../../tests/vectors/injections.json'
import { renderBlocks } from './blocks'
import { purify } from './purify'

const attacker = 'https://attacker.example'

function render(text: string, path = ''): HTMLElement {
  const box = document.createElement('div')
  box.append(...purify(renderBlocks({ text, workspace: 'w', path }, null)))
  return box
}

const harmless = new Set(
  [
    'A',
    'BLOCKQUOTE',
    'BR',
    'CODE',
    'EM',
    'H1',
    'H2',
    'H3',
    'H4',
    'H5',
    'H6',
    'HR',
    'IMG',
    'LI',
    'OL',
    'P',
    'PRE',
  ].concat(['DIV', 'SECTION', 'SPAN', 'SUP', 'S', 'STRONG', 'TABLE', 'TBODY', 'TD', 'TH', 'THEAD', 'TR', 'UL']),
)
const known = /^(?:href|src|alt|title|target|rel|loading|start|role|aria-(?:checked|label)|data-[a-z]+)$/

describe('known injection texts', () => {
  test.each(injections)('%s', (text) => {
    const hostile = text.replaceAll('{attacker}', attacker).replaceAll('{host}', 'attacker.example')
    // As it comes, and within what models like to write around it.
    for (const [before, behind] of [
      ['', ''],
      ['- item\n\n  > ', ''],
      ['**', '**'],
      ['text ', ' text\n\n# End'],
    ] as const) {
      for (const path of ['', 'a.md']) {
        const box = render(before + hostile + behind, path)
        for (const element of box.querySelectorAll('*')) {
          expect(harmless).toContain(element.tagName)
          for (const { name, value } of element.attributes) {
            expect(name).toMatch(known)
            if (name === 'src') expect(value).toMatch(/^\/api\/workspaces\/w\/files\//)
            if (name === 'href') expect(value).toMatch(/^(?:\/w\/w\/|https?:|mailto:|#)|^(?!.*:)/i)
          }
        }
      }
    }
  })
})

// Without a limit on time, which would tell more about the machine: one that is exponential never ends.
describe('texts made to be costly', { timeout: 120_000 }, () => {
  const size = 20_000
  const repeat = (piece: string) => piece.repeat(Math.ceil(size / piece.length))
  test.each([
    ['quotes within quotes', repeat('>')],
    ['quotes within quotes, line by line', repeat(`${'> '.repeat(100)}x\n`)],
    ['lists within lists', Array.from({ length: 400 }, (_, depth) => `${'  '.repeat(depth)}- x`).join('\n')],
    ['open brackets', repeat('[')],
    ['open images', repeat('![')],
    ['links without an end', repeat('[x](')],
    ['links within links', `${'['.repeat(2_000)}x${'](y)'.repeat(2_000)}`],
    ['emphasis that never ends', repeat('**a ')],
    ['emphasis of all kinds', repeat('*_a')],
    ['stars and underscores', repeat('_*')],
    ['back ticks of growing length', Array.from({ length: 200 }, (_, count) => '`'.repeat(count)).join(' ')],
    ['back slashes', repeat('\\')],
    ['entities', repeat('&amp')],
    ['angle brackets', repeat('<')],
    ['comments without an end', repeat('<!--')],
    ['addresses', repeat('http://a.b/(')],
    ['mail addresses', repeat('a@b.')],
    ['quotation marks', repeat('"a\' ')],
    ['dots and dashes', repeat('...---')],
    ['a wide table', `|${'a|'.repeat(1_000)}\n|${'-|'.repeat(1_000)}\n${'|x\n'.repeat(4_000)}`],
    ['references', repeat('[a]: b\n')],
    ['references without an end', repeat('[a\n')],
    ['fences', repeat('```\nx\n')],
    ['tildes', repeat('~~a')],
    ['dollars', repeat('$')],
    ['formulas without an end', repeat('$a ')],
    ['displayed formulas without an end', repeat('$$a\n')],
    ['brackets of formulas', repeat('\\(a')],
    ['footnotes', repeat('[^a]')],
    ['footnotes within footnotes', repeat('^[')],
    ['definitions of footnotes', repeat('[^a]: b[^a]\n')],
    ['tasks', repeat('- [ ] a\n')],
    ['headings', repeat('# a\n')],
    ['half characters', repeat('\ud800')],
  ])('%s: no blow-up', (_name, text) => {
    const box = render(text)
    // The widest tables are cut by the parser at 65,536 cells.
    expect(box.querySelectorAll('*').length).toBeLessThan(75_000)
    let depth = 0
    for (let at: Element | null = box; at !== null; at = at.lastElementChild) depth += 1
    expect(depth).toBeLessThan(250)
  })

  test('what is longer than anybody reads at once stands there as it is', () => {
    const box = render('word '.repeat(240_000))
    expect(box.textContent.length).toBeGreaterThan(1_199_000)
    expect(box.lastElementChild?.tagName).toBe('PRE')
    expect(box.lastElementChild?.children.length).toBe(0)
  })
})

test('code blocks are numbered in the order of their place, also within lists and quotes', () => {
  const box = render('```py a.py\nx\n```\n\n- item\n\n  ```\n  y\n  ```\n\n> ~~~js\n> z\n> ~~~\n\n    indented\n')
  expect(
    [...box.querySelectorAll<HTMLElement>('pre')].map(({ dataset, textContent }) => [
      dataset.block,
      dataset.language,
      dataset.hint,
      textContent,
    ]),
  ).toEqual([
    ['0', 'py', 'a.py', 'x\n'],
    ['1', '', '', 'y\n'],
    ['2', 'js', '', 'z\n'],
    [undefined, undefined, undefined, 'indented\n'],
  ])
})

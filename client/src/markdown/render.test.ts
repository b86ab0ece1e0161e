// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import { renderBlocks } from './blocks'
import { purify } from './purify'
import { texToHtml } from './texOutput'

function render(text: string, path = 'docs/a.md'): HTMLElement {
  const box = document.createElement('div')
  box.append(...purify(renderBlocks({ text, workspace: 'w', path }, texToHtml)))
  return box
}

const linesOf = (text: string) => renderBlocks({ text, workspace: 'w', path: 'a.md' }, null).map(({ line }) => line)

describe('Markdown', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '![x](javascript:alert(1))',
    '<a href="vbscript:x">x</a>',
    '[x]: javascript:alert(1)\n\n[x]',
    '```"><img src=x onerror=alert(1)>\ncode\n```',
    '![" onerror="alert(1)](x.png)',
    '[x](<x" onclick="alert(1)>)',
    '<svg onload=alert(1)>',
    '<iframe srcdoc="<script>alert(1)</script>">',
  ])('runs nothing: %s', (hostile) => {
    const box = render(hostile)
    expect(box.querySelector('script, iframe, svg, form')).toBeNull()
    for (const element of box.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/)
        if (name === 'href' || name === 'src') expect(value).toMatch(/^(\/w\/|\/api\/|https?:)/)
      }
    }
  })

  test('images of the workspace are shown, those from elsewhere are links', () => {
    const box = render('![here](../img/a%20b.png) ![there](https://example.org/x.png) ![other](//example.org/y.png)')
    expect([...box.querySelectorAll('img')].map((image) => image.getAttribute('src'))).toEqual([
      '/api/workspaces/w/files/img/a%20b.png',
    ])
    expect([...box.querySelectorAll('a')].map((link) => link.textContent)).toEqual(['Image: there', 'Image: other'])
  })

  test('an image from elsewhere within a link is its words', () => {
    const box = render('[![there](https://example.org/x.png)](https://example.org/page) ![a](//example.org/y.png)')
    expect([...box.querySelectorAll('a')].map((link) => [link.textContent, link.getAttribute('href')])).toEqual([
      ['Image: there', 'https://example.org/page'],
      ['Image: a', '//example.org/y.png'],
    ])
  })

  test('links to files stay in the app, all others leave it without saying from where', () => {
    const box = render('[file](b.md#part) [up](../../x) [web](https://example.org) [part](#part)')
    const [file, up, web, part] = [...box.querySelectorAll('a')]
    expect(file?.getAttribute('href')).toBe('/w/w/docs/b.md')
    expect(file?.dataset.file).toBe('docs/b.md')
    expect(up?.rel).toContain('noopener')
    expect(web?.rel).toContain('noreferrer')
    expect(part?.target).toBe('')
  })

  test('blocks know the line that they came from, and what is nested in them how far behind it stands', () => {
    const text = '# a\n\ntext\n\n- one\n- two\n\n  three\n'
    expect(linesOf(text)).toEqual([0, 2, 4])
    expect([...render(text).querySelectorAll('[data-offset]')].map((one) => one.getAttribute('data-offset'))).toEqual([
      '1',
      '3',
    ])
  })

  test('front matter is not shown, and moves no line', () => {
    const text = '---\ntitle: "x"\ntags:\n  - y\n---\n\n# Heading\n'
    expect(render(text).textContent.trim()).toBe('Heading')
    expect(linesOf(text)).toEqual([6])
    expect(render('---\n\n# Heading\n\n---\n').querySelector('h1')?.textContent).toBe('Heading')
    expect(render(text, '').textContent).toContain('title')
  })

  test('headings have names, each its own', () => {
    const box = render('# What `x` is: a *Test*\n\n## Test\n\n## Test\n\n[up](#test-1) [there](b.md#Z%C3%BC)')
    expect([...box.querySelectorAll<HTMLElement>('[data-anchor]')].map(({ dataset }) => dataset.anchor)).toEqual([
      'what-x-is-a-test',
      'test',
      'test-1',
    ])
    expect(box.querySelectorAll('a')[1]?.dataset).toMatchObject({ file: 'docs/b.md', fragment: 'Zü' })
    expect(box.querySelector('[id]')).toBeNull()
  })

  test('task lists', () => {
    const box = render('- [ ] to do\n- [x] done\n- [y] neither\n- text [x] neither\n\n[x] nor this')
    expect([...box.querySelectorAll('[role=checkbox]')].map((one) => [one.ariaLabel, one.ariaChecked])).toEqual([
      ['to do', 'false'],
      ['done', 'true'],
    ])
    expect(box.querySelectorAll('li')[1]?.textContent).toBe('done')
  })

  test('footnotes lead there and back', () => {
    const box = render('Text[^1] and^[written here].\n\n[^1]: The *note*.\n')
    const [reference] = box.querySelectorAll('sup a')
    expect(reference?.getAttribute('href')).toBe('#fn1')
    const note = box.querySelector('[data-footnotes] [data-anchor="fn1"]')
    expect(note?.textContent).toContain('The note.')
    expect(note?.querySelector('a')?.getAttribute('href')).toBe('#fnref1')
    expect(box.querySelectorAll('[data-footnotes] li')).toHaveLength(2)
  })

  test('a block of a diagram is one only when its end is there', () => {
    const open = '```mermaid\ngraph TD\n  a --> b\n'
    for (let end = 0; end <= open.length; end += 1) {
      expect(render(open.slice(0, end)).querySelector('[data-diagram]')).toBeNull()
      expect(render(`- x\n\n${open.slice(0, end).replaceAll(/^/gm, '  ')}`).querySelector('[data-diagram]')).toBeNull()
    }
    expect(render('```mermaid\n```').querySelector('[data-diagram]')).not.toBeNull()
    expect(render(`${open}\`\`\``).querySelector('[data-diagram] pre')?.textContent).toBe('graph TD\n  a --> b\n')
    expect(render('- x\n\n  ```mermaid\n  a\n  ```\n').querySelectorAll('li [data-diagram]')).toHaveLength(1)
  })
})

describe('citations', () => {
  const cited = (text: string, path = '') =>
    [...render(text, path).querySelectorAll<HTMLElement>('[data-cite]')].map(({ dataset }) => dataset.cite)

  test.each([
    ['one', 'So it is [1].', ['1']],
    ['right behind a word', 'it is[1]', ['1']],
    ['several', 'is [1][2] and [12, 3], [4,5]', ['1', '2', '12,3', '4,5']],
    [
      'within other text',
      '**so [1]** | *[2]*\n\n- [3]\n\n> ## a [4]\n\n| [5] |\n|---|\n| x! [6] |',
      '123456'.split(''),
    ],
    ['a word in brackets behind it', 'so [1](see page 3)', ['1']],
    ['not a link', '[1](x) [1](https://example.org "t")', []],
    ['not what is a link by its reference', 'so [1] and [2][1]\n\n[1]: x', []],
    ['not a reference', '[1]: x', []],
    ['not an image', '![1](x.png)', []],
    ['not code', '`[1]` ``[2]``\n\n```\n[3]\n```\n\n    [4]', []],
    ['not a formula', '$a[1]$ \\(b[2]\\) \\[3\\] $$[4]$$', []],
    ['not what is escaped', '\\[1] [1\\] &#91;1]', []],
    [
      'not what nobody counts by',
      '[0] [01] [1.5] [-1] [+1] [1e3] [1000] [99999999999] [] [,] [1,] [1,,2] [ 1 ] [١] [x1]',
      [],
    ],
    ['not a list without an end', `[${'1, '.repeat(5_000)}1] [1`, []],
    ['not a task, not a footnote', '- [x] a\n\n[^1]', []],
  ])('%s', (_name, text, found) => {
    expect(cited(text)).toEqual(found)
  })

  test('a link stays one whatever numbers are in its words', () => {
    const box = render('[[1]](https://example.org) [see [2, 3]](https://example.org)', '')
    expect([...box.querySelectorAll('a')].map((link) => link.textContent)).toEqual(['[1]', 'see [2, 3]'])
  })

  test('there are none in files', () => {
    expect(cited('So it is [1].', 'a.md')).toEqual([])
  })

  test('what is made from text has them as they were written', () => {
    const box = render('## Part [1]\n\n![see [1, 2]](x.png)\n\n- [ ] look [3]\n\nso [1, 2] and [3,4]')
    expect(box.querySelector('h2')?.dataset.anchor).toBe('part-1')
    expect(box.querySelector('img')?.alt).toBe('see [1, 2]')
    expect(box.querySelector('[role=checkbox]')?.ariaLabel).toBe('look [3]')
    expect(box.lastElementChild?.textContent).toBe('so [1, 2] and [3,4]')
  })
})

describe('formulas', () => {
  const formulas = (text: string, path?: string) =>
    [...render(text, path).querySelectorAll('annotation')].map((one) => one.textContent)

  test.each([
    ['within a line', 'so $a^2$ is', ['a^2']],
    ['several', '$a$, $b$', ['a', 'b']],
    ['amounts of money', 'costs $5 and $6, or $7-$8', []],
    ['a dollar that is escaped', '\\$a$ and $b\\$c$', ['b\\$c']],
    ['in code', '`$a$`', []],
    ['displayed, in a line', '$$a$$', ['a']],
    ['displayed, over lines', '$$\na\n+ b\n$$', ['a\n+ b']],
    ['displayed, beginning at once', 'text\n$$a\n+ b$$\ntext', ['a\n+ b']],
    ['without an end', '$$\na\n\nb', []],
    ['as code', '```math\na\n```', ['a']],
    ['in a list', '- x\n\n  $$\n  a\n  $$\n', ['a']],
    ['in a quote', '> $$\n> a\n> $$', ['a']],
    ['as in LaTeX, of files', '\\(a\\) and \\[b\\]', []],
  ])('%s', (_name, text, found) => {
    expect(formulas(text).map((one) => one.trim())).toEqual(found)
  })

  test('of models, as in LaTeX', () => {
    expect(formulas('so \\(a\\) is\n\n\\[\nb\n\\]', '').map((one) => one.trim())).toEqual(['a', 'b'])
  })

  test('what is wrong with one is said in its place', () => {
    const box = render('before $\\wrong{x}$ behind\n\n$$\n\\frac{1\n$$\n')
    const [first, second] = box.querySelectorAll('[data-problem]')
    expect(first?.querySelector('code')?.textContent).toBe('\\wrong{x}')
    expect(first?.querySelector('em')?.textContent).toBe('Undefined control sequence: \\wrong')
    expect(second?.textContent).toContain('Unexpected end of input')
    expect(box.textContent).toContain('behind')
  })

  test.each(
    [
      '\\href{javascript:alert(1)}{x}',
      '\\url{https://attacker.example}',
      '\\includegraphics{https://attacker.example/x.png}',
      '\\htmlClass{shell}{x}',
      '\\htmlId{root}{x}',
      '\\htmlStyle{position:fixed;background:url(https://attacker.example/)}{x}',
      '\\htmlData{file=x}{x}',
      '\\color{red;background:url(https://attacker.example)}x',
      '\\text{<img src=x onerror=alert(1)>}',
      '</span><script>alert(1)</script>',
      '\\def\\a{\\a\\a}\\a',
      '\\def\\a#1{#1#1#1#1#1#1#1#1}\\a{\\a{\\a{\\a{\\a{\\a{x}}}}}}',
      '\\rule{1000000em}{1000000em}',
      '{'.repeat(4_000),
      '\\sqrt{'.repeat(600) + '}'.repeat(600),
    ].map((source) => [source.slice(0, 40), source]),
  )('nothing of them runs, names an address, or runs away: %s', (_name, source) => {
    const box = render(`$${source}$`)
    expect(box.querySelector('script, img, a, style, [href], [src], [id], [data-file]')).toBeNull()
    for (const element of box.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/)
        if (name === 'style') expect(value).not.toMatch(/url|position: ?fixed|(?<![.\d])\d{4,}(?:\.\d+)?em/)
        if (name === 'class') expect(value).not.toContain('shell')
      }
    }
    expect(box.innerHTML.length).toBeLessThan(2_000_000)
  })

  test('another element for each block, whatever is in it', () => {
    const text = '$a$\n\n</p><p>\n\n```\n</code></pre>\n```\n\n| a |\n|---|\n| $b$ |\n'
    expect(render(text).children).toHaveLength(renderBlocks({ text, workspace: 'w', path: 'a.md' }, texToHtml).length)
  })
})

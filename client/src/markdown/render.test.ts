// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import { renderMarkdown } from './render'
import { workspaceSurroundings } from './surroundings'

function render(text: string): HTMLElement {
  const box = document.createElement('div')
  box.append(renderMarkdown(text, workspaceSurroundings('w', 'docs/a.md')))
  return box
}

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

  test('blocks know the line that they came from', () => {
    const box = render('# a\n\ntext\n\n- one\n- two\n')
    expect([...box.children].map((block) => block.getAttribute('data-line'))).toEqual(['0', '2', '4'])
    expect(box.querySelector('li')?.hasAttribute('data-line')).toBe(false)
  })
})

import mermaid from 'mermaid'
import type { Drawn, Order } from './protocol'

/**
 * Draws diagrams in a frame of its own, without access to anything: neither what is in a source nor a fault of the
 * library reaches the page, and a diagram that takes long holds up nobody who types.
 */

const faces = 'system-ui, sans-serif'

const ink = {
  light: { paper: '#fdfcf9', node: '#f4f1ea', other: '#e9e5db', ink: '#23201b', line: '#8f8775', note: '#fbf0cd' },
  dark: { paper: '#1e1c1a', node: '#2c2a25', other: '#38352f', ink: '#e9e4d9', line: '#989081', note: '#3b3115' },
}

function setUp(dark: boolean): void {
  const colours = dark ? ink.dark : ink.light
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: 'strict',
    suppressErrorRendering: true,
    maxTextSize: 20_000,
    maxEdges: 500,
    // Labels as text of the picture itself: HTML within a picture is not shown everywhere.
    htmlLabels: false,
    flowchart: { htmlLabels: false, useMaxWidth: false },
    fontFamily: faces,
    // What a source may not change by a directive of its own.
    secure: [
      ...['secure', 'securityLevel', 'startOnLoad', 'maxTextSize', 'maxEdges', 'suppressErrorRendering'],
      ...['htmlLabels', 'themeCSS', 'fontFamily', 'dompurifyConfig'],
    ],
    theme: 'base',
    themeVariables: {
      darkMode: dark,
      fontFamily: faces,
      fontSize: '15px',
      background: colours.paper,
      primaryColor: colours.node,
      primaryTextColor: colours.ink,
      primaryBorderColor: colours.line,
      secondaryColor: colours.other,
      tertiaryColor: colours.paper,
      lineColor: colours.line,
      textColor: colours.ink,
      noteBkgColor: colours.note,
      noteTextColor: colours.ink,
    },
  })
}

/** An SVG that stands for itself: well-formed, and of a size of its own. */
function standalone(markup: string): string {
  const template = document.createElement('template')
  template.innerHTML = markup
  const svg = template.content.querySelector('svg')
  if (svg === null) throw new Error('Nothing was drawn')
  const [, , width = 0, height = 0] = (svg.getAttribute('viewBox') ?? '').split(/[\s,]+/).map(Number)
  if (width > 0 && height > 0) {
    svg.setAttribute('width', String(Math.ceil(width)))
    svg.setAttribute('height', String(Math.ceil(height)))
  }
  svg.style.removeProperty('max-width')
  return new XMLSerializer().serializeToString(svg)
}

let drawings = 0

async function draw({ id, source, dark }: Order): Promise<Drawn> {
  try {
    setUp(dark)
    const { svg } = await mermaid.render(`diagram-${(drawings += 1)}`, source)
    return { id, svg: standalone(svg) }
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) }
  } finally {
    // What the library leaves behind after an error.
    document.body.replaceChildren()
  }
}

const answer = (drawn: Drawn) => parent.postMessage(drawn, '*')

let last: Promise<void> = Promise.resolve()
addEventListener('message', ({ data, source }: MessageEvent<Order>) => {
  if (source !== parent) return
  last = last.then(async () => answer(await draw(data)))
})
answer({ ready: true })

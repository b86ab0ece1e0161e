import { type MouseEvent, type RefObject, useEffect, useRef, useState } from 'react'
import { useWorkspace } from '../workspace/context'
import { followLink } from './followLink'
import { type BlockLines, patchBlocks } from './patch'
import { workspaceSurroundings } from './surroundings'
import { useRenderer } from './useRenderer'

/** A text that grows is drawn again after this many times what drawing it took: a hostile one is slow to read. */
const rest = 4

interface MarkdownProps {
  text: string
  /** Path of the file that holds the text; "" for one that is in no file. */
  path: string
  /** Filled with the line of each block, for whoever scrolls. */
  lines?: BlockLines
  /** Adds to what was rendered, before it is shown. The same all its life, or all is drawn anew. */
  decorate?: (fragment: DocumentFragment) => void
  onClick?: (event: MouseEvent) => void
  ref?: RefObject<HTMLDivElement | null>
}

/** Markdown of anybody, rendered safely. Until the renderer is there, and without it, the plain text. */
export function Markdown({ text, path, lines, decorate, onClick, ref }: MarkdownProps) {
  const { id } = useWorkspace()
  const render = useRenderer()
  const own = useRef<HTMLDivElement>(null)
  const box = ref ?? own
  const [ownLines] = useState<BlockLines>(() => new WeakMap())

  const drawn = useRef({ at: -Infinity, took: 0 })
  useEffect(() => {
    if (render === null) return undefined
    const draw = () => {
      if (box.current === null) return
      const began = performance.now()
      const fragment = render(text, workspaceSurroundings(id, path))
      decorate?.(fragment)
      patchBlocks(box.current, fragment, lines ?? ownLines)
      drawn.current = { at: performance.now(), took: performance.now() - began }
    }
    const wait = drawn.current.at + rest * drawn.current.took - performance.now()
    if (wait <= 0) {
      draw()
      return undefined
    }
    const timer = setTimeout(draw, wait)
    return () => clearTimeout(timer)
  }, [render, text, id, path, lines, ownLines, decorate, box])

  const click = (event: MouseEvent) => {
    followLink(event)
    onClick?.(event)
  }
  return (
    <>
      {render === null ? <p className="prose prose-plain">{text}</p> : null}
      {/* Links inside are links with or without this handler; it only keeps those to files on the page. */}
      <div className="prose" ref={box} onClick={click} />
    </>
  )
}

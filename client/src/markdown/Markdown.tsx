import { type RefObject, useEffect, useRef, useState } from 'react'
import { useWorkspace } from '../workspace/context'
import { followLink } from './followLink'
import { type BlockLines, patchBlocks } from './patch'
import { workspaceSurroundings } from './surroundings'
import { useRenderer } from './useRenderer'

interface MarkdownProps {
  text: string
  /** Path of the file that holds the text; "" for one that is in no file. */
  path: string
  /** Filled with the line of each block, for whoever scrolls. */
  lines?: BlockLines
  ref?: RefObject<HTMLDivElement | null>
}

/** Markdown of anybody, rendered safely. Until the renderer is there, and without it, the plain text. */
export function Markdown({ text, path, lines, ref }: MarkdownProps) {
  const { id } = useWorkspace()
  const render = useRenderer()
  const own = useRef<HTMLDivElement>(null)
  const box = ref ?? own
  const [ownLines] = useState<BlockLines>(() => new WeakMap())

  useEffect(() => {
    if (render === null || box.current === null) return
    patchBlocks(box.current, render(text, workspaceSurroundings(id, path)), lines ?? ownLines)
  }, [render, text, id, path, lines, ownLines, box])

  return (
    <>
      {render === null ? <p className="prose prose-plain">{text}</p> : null}
      {/* Links inside are links with or without this handler; it only keeps those to files on the page. */}
      <div className="prose" ref={box} onClick={followLink} />
    </>
  )
}

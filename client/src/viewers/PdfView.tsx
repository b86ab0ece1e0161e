import '../styles/pdf.css'
import { ChevronDown, ChevronUp } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { type Movable, useOnScreen } from '../people/useOnScreen'
import { IconButton } from '../ui/Button'
import { Waiting } from '../ui/Waiting'
import { PdfPages, type PdfState } from './pdf'
import { type ViewedFile, ViewerBar, ZoomButtons, zoomKey } from './ViewerBar'

interface PageFieldProps {
  page: number
  pages: number
  onPage: (page: number) => void
}

/** Which page one is at; another number goes there. */
function PageField({ page, pages, onPage }: PageFieldProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const go = () => {
    if (typed !== null && typed.trim() !== '') onPage(Number(typed))
    setTyped(null)
  }
  return (
    <form
      className="viewer-page"
      onSubmit={(event) => {
        event.preventDefault()
        go()
      }}
    >
      <IconButton label="Page before" keys="←" side="top" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        <ChevronUp />
      </IconButton>
      <input
        aria-label="Page"
        inputMode="numeric"
        size={Math.max(2, String(pages).length)}
        value={typed ?? String(page)}
        onChange={({ target }) => setTyped(target.value)}
        onFocus={({ target }) => target.select()}
        onBlur={go}
      />
      <span>of {pages}</span>
      <IconButton label="Next page" keys="→" side="top" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        <ChevronDown />
      </IconButton>
    </form>
  )
}

interface PdfViewProps {
  file: ViewedFile
  onBroken: (words: string) => void
}

/** A PDF document, page below page. */
export default function PdfView({ file, onBroken }: PdfViewProps) {
  const window = useRef<HTMLDivElement>(null)
  const pages = useRef<PdfPages>(null)
  const [state, setState] = useState<PdfState | null>(null)

  useEffect(() => {
    if (window.current === null) return undefined
    const opened = new PdfPages(window.current, file.url, { onState: setState, onProblem: onBroken })
    pages.current = opened
    return () => opened.close()
  }, [file.url, onBroken])

  const movable = useMemo<Movable>(
    () => ({
      scroller: window,
      read: () => pages.current?.place ?? null,
      go: (at) => pages.current?.show(at),
    }),
    [],
  )
  // Told again once there are pages.
  const tell = useOnScreen(file.document, state === null ? null : 'pdf', movable)
  useEffect(tell, [tell, state?.zoom, state?.fits])

  const zooming = {
    onZoom: (direction: 1 | -1) => pages.current?.zoom(direction),
    onFit: () => pages.current?.fit(),
    onActual: () => pages.current?.zoom(0),
  }
  const goTo = (page: number) => pages.current?.goTo(page)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || state === null) return
    if (event.key === 'ArrowRight') goTo(state.page + 1)
    else if (event.key === 'ArrowLeft') goTo(state.page - 1)
    else if (!zoomKey(event.key, zooming)) return
    event.preventDefault()
  }
  return (
    <section className="viewer" aria-label={file.name}>
      <div className="viewer-window">
        {state === null ? <Waiting>Opening the pages…</Waiting> : null}
        <div className="pdf-window" ref={window} tabIndex={0} role="group" aria-label="The pages" onKeyDown={onKeyDown}>
          <div className="pdfViewer" />
        </div>
      </div>
      <ViewerBar file={file}>
        {state === null ? null : (
          <>
            <PageField page={state.page} pages={state.pages} onPage={goTo} />
            <ZoomButtons zoom={state.zoom} fits={state.fits} {...zooming} />
          </>
        )}
      </ViewerBar>
    </section>
  )
}

import * as pdfjs from 'pdfjs-dist'
import rendererUrl from 'pdfjs-dist/build/pdf.renderer.min.mjs?url'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import type { Place } from '../people/onScreen'
import { largest, nextZoom } from './zoom'

pdfjs.GlobalWorkerOptions.workerSrc = workerUrl
pdfjs.GlobalWorkerOptions.rendererSrc = rendererUrl

// Character maps, the fonts that every PDF may name without holding them, and decoders: see vite.config.ts.
const parts = import.meta.env.DEV ? '/node_modules/pdfjs-dist' : `/assets/pdfjs-${pdfjs.version}`

// The viewer takes the library from where the library puts itself.
const library = () => import('pdfjs-dist/web/pdf_viewer.mjs')

export interface PdfState {
  page: number
  pages: number
  zoom: number
  /** Whether it is as large as fits into the window, whatever the window. */
  fits: boolean
}

interface Listeners {
  onState: (state: PdfState) => void
  /** It cannot be shown, and why. */
  onProblem: (words: string) => void
}

function problemOf(error: unknown): string {
  if (error instanceof pdfjs.PasswordException) return 'It is protected by a password, so it cannot be shown here.'
  if (error instanceof pdfjs.ResponseException) return 'It could not be loaded.'
  return 'It cannot be shown: it may be damaged, or not a PDF document.'
}

/** The pages of a PDF document in a window that scrolls. No script of the document is run. */
export class PdfPages {
  private readonly loading: pdfjs.PDFDocumentLoadingTask
  private viewer: InstanceType<Awaited<ReturnType<typeof library>>['PDFViewer']> | null = null
  private readonly resized: ResizeObserver
  private closed = false
  private at: Place | null = null
  private fits = true

  constructor(
    private readonly window: HTMLDivElement,
    url: string,
    private readonly listeners: Listeners,
  ) {
    this.loading = pdfjs.getDocument({
      url,
      cMapUrl: `${parts}/cmaps/`,
      standardFontDataUrl: `${parts}/standard_fonts/`,
      wasmUrl: `${parts}/wasm/`,
      // The page's Content-Security-Policy allows no WebAssembly; there are decoders in JavaScript.
      useWasm: false,
      enableXfa: false,
      // Images larger than this would take all memory.
      maxImageSize: 100_000_000,
    })
    // Called back instead of failing, so that one could ask for it.
    this.loading.onPassword = () => {
      this.fail(new pdfjs.PasswordException('', 1))
    }
    this.resized = new ResizeObserver(() => (this.fits ? this.fit() : undefined))
    this.open().catch((error: unknown) => this.fail(error))
  }

  private async open(): Promise<void> {
    const [{ EventBus, LinkTarget, PDFLinkService, PDFViewer }, pdf] = await Promise.all([
      library(),
      this.loading.promise,
    ])
    if (this.closed) return
    const eventBus = new EventBus()
    const linkService = new PDFLinkService({
      eventBus,
      externalLinkTarget: LinkTarget.BLANK,
      externalLinkRel: 'noopener noreferrer nofollow',
    })
    const viewer = new PDFViewer({
      container: this.window,
      eventBus,
      linkService,
      annotationMode: pdfjs.AnnotationMode.ENABLE,
      annotationEditorMode: pdfjs.AnnotationEditorType.DISABLE,
      removePageBorders: true,
    })
    this.viewer = viewer
    linkService.setViewer(viewer)
    eventBus.on('pagesinit', () => {
      this.fit()
      this.resized.observe(this.window)
    })
    eventBus.on('pagechanging', () => this.tell())
    eventBus.on('scalechanging', () => this.tell())
    eventBus.on('updateviewarea', ({ location }: { location: { pageNumber: number; left: number; top: number } }) => {
      this.at = [location.pageNumber, location.left, location.top]
    })
    viewer.setDocument(pdf)
    linkService.setDocument(pdf, null)
  }

  private tell(): void {
    if (this.closed || this.viewer === null) return
    const { currentPageNumber: page, pagesCount: pages, currentScale: zoom } = this.viewer
    this.listeners.onState({ page, pages, zoom, fits: this.fits })
  }

  private fail(error: unknown): void {
    if (this.closed) return
    this.listeners.onProblem(problemOf(error))
    this.close()
  }

  fit(): void {
    this.fits = true
    if (this.viewer !== null) this.viewer.currentScaleValue = 'auto'
    this.tell()
  }

  /** One step up or down; 0 is the actual size. */
  zoom(direction: 1 | -1 | 0): void {
    if (this.viewer !== null) this.scale(direction === 0 ? 1 : nextZoom(this.viewer.currentScale, direction))
  }

  private scale(zoom: number): void {
    this.fits = false
    if (this.viewer !== null) this.viewer.currentScale = zoom
    this.tell()
  }

  goTo(page: number): void {
    if (this.viewer === null || Number.isNaN(page)) return
    this.viewer.currentPageNumber = Math.max(1, Math.min(this.viewer.pagesCount, Math.round(page)))
  }

  /** The page at the top of the window, which point of it is in its corner, and how large it is, 0 for as it fits. */
  get place(): Place | null {
    if (this.at === null || this.viewer === null) return null
    return [...this.at, this.fits ? 0 : this.viewer.currentScale]
  }

  /** Goes to such a place. */
  show(at: Place): void {
    const [pageNumber = 1, left = 0, top = 0, zoom = 0] = at
    const { viewer } = this
    if (viewer === null || pageNumber < 1 || pageNumber > viewer.pagesCount || at.join() === this.place?.join()) return
    if (zoom <= 0 && !this.fits) this.fit()
    else if (zoom > 0 && (this.fits || zoom !== viewer.currentScale)) this.scale(Math.min(largest, zoom))
    viewer.scrollPageIntoView({
      pageNumber: Math.round(pageNumber),
      destArray: [null, { name: 'XYZ' }, left, top, null],
      allowNegativeOffset: true,
    })
  }

  close(): void {
    this.closed = true
    this.resized.disconnect()
    this.viewer?.setDocument(null)
    void this.loading.destroy()
  }
}

import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { proposals } from './proposals'
import type { PlacedHunk } from './placement'
import type { ScreenTimes } from './screenTimes'

/** The ids of the hunks of which something can be seen now. */
function onScreen(view: EditorView, hunks: readonly PlacedHunk[]): Set<string> {
  const found = new Set<string>()
  const { hidden } = view.dom.ownerDocument
  const frame = view.scrollDOM.getBoundingClientRect()
  const top = Math.max(frame.top, 0)
  const bottom = Math.min(frame.bottom, window.innerHeight)
  if (hidden || bottom <= top) return found
  for (const { hunk, from, to } of hunks) {
    // Only what CodeMirror has drawn has a place on the screen.
    if (to < view.viewport.from || from > view.viewport.to) continue
    const first = view.coordsAtPos(Math.max(from, view.viewport.from))
    const last = view.coordsAtPos(Math.min(to, view.viewport.to))
    if (first !== null && last !== null && first.top < bottom && last.bottom > top) found.add(hunk)
  }
  return found
}

/** Notes in `times` which of the drawn proposals are on the screen. */
export const watchScreen = (times: ScreenTimes) =>
  ViewPlugin.fromClass(
    class {
      private known: readonly string[] = []
      private readonly look = () => {
        this.view.requestMeasure({
          key: this,
          read: (view) => {
            const { hunks } = view.state.field(proposals)
            const now = hunks.map(({ hunk }) => hunk)
            // Those that are drawn no more are off the screen, too.
            times.look([...this.known, ...now], onScreen(view, hunks), performance.now())
            this.known = now
          },
        })
      }

      constructor(private readonly view: EditorView) {
        view.scrollDOM.addEventListener('scroll', this.look, { passive: true })
        view.dom.ownerDocument.addEventListener('visibilitychange', this.look)
        this.look()
      }

      update({ state, startState, geometryChanged, viewportChanged }: ViewUpdate) {
        const drawn = state.field(proposals).hunks !== startState.field(proposals).hunks
        if (drawn || ((geometryChanged || viewportChanged) && state.field(proposals).hunks.length > 0)) this.look()
      }

      destroy() {
        this.view.scrollDOM.removeEventListener('scroll', this.look)
        this.view.dom.ownerDocument.removeEventListener('visibilitychange', this.look)
        times.look(this.known, new Set(), performance.now())
      }
    },
  )

import { getSearchQuery, searchPanelOpen } from '@codemirror/search'
import type { EditorState } from '@codemirror/state'
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { formatCount } from '../lib/format'

/** Matches after which nobody counts on. */
const most = 1_000

/** Characters of a text that is too long to go through whenever somebody types. */
const long = 2_000_000

/** Milliseconds from a change to the count: others may be typing all the time. */
const pause = 200

/** "3 of 12" where a match is selected. */
export function countInWords(state: EditorState): string {
  const query = getSearchQuery(state)
  if (query.search === '' || !query.valid || state.doc.length > long) return ''
  const { from, to } = state.selection.main
  const cursor = query.getCursor(state)
  let count = 0
  let selected = 0
  for (let next = cursor.next(); next.done !== true; next = cursor.next()) {
    count += 1
    if (next.value.from === from && next.value.to === to) selected = count
    if (count > most) return `Over ${formatCount(most)} matches`
  }
  if (selected > 0) return `${selected} of ${count}`
  return count === 0 ? 'No match' : count === 1 ? '1 match' : `${formatCount(count)} matches`
}

class MatchCount implements PluginValue {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly view: EditorView) {}

  update({ state, startState, docChanged, selectionSet }: ViewUpdate): void {
    const asked =
      getSearchQuery(state) !== getSearchQuery(startState) || searchPanelOpen(state) !== searchPanelOpen(startState)
    if ((docChanged || selectionSet || asked) && searchPanelOpen(state)) {
      this.timer ??= setTimeout(() => {
        this.timer = undefined
        this.show()
      }, pause)
    }
  }

  destroy(): void {
    clearTimeout(this.timer)
  }

  private show(): void {
    const next = this.view.dom.querySelector('.cm-search [name=next]')
    if (next === null) return
    let place = this.view.dom.querySelector('.cm-search .match-count')
    if (place === null) {
      place = document.createElement('span')
      place.className = 'match-count'
      place.setAttribute('role', 'status')
      next.before(place)
    }
    const words = countInWords(this.view.state)
    if (place.textContent !== words) place.textContent = words
  }
}

/** How much was found in the text, beside what is looked for. */
export const matchCount = ViewPlugin.fromClass(MatchCount)

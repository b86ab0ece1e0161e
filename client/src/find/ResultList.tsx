import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type RefObject, useEffect, useRef } from 'react'
import { useStore } from '../lib/store'
import { type Row, rowKey, type Results, rowsOf } from './results'
import { type Checked, FileLine, fileLabel, MatchLine, matchLabel } from './ResultRow'
import type { FindStore } from './store'

/** Pixels; the style sheet says the same. */
const rowHeight = 32

interface ResultListProps {
  store: FindStore
  results: Results
  /** Whether matches can be left out and taken in. */
  choosing: boolean
  list: RefObject<HTMLDivElement | null>
  onOpen: (row: Row, enter: boolean) => void
  /** Back to what is searched for. */
  onUp: () => void
}

/** What was found, by file. One stop of the Tab key; the arrows go through it. */
export function ResultList({ store, results, choosing, list, onOpen, onUp }: ResultListProps) {
  const closed = useStore(store.closed)
  const leftOut = useStore(store.leftOut)
  const rows = rowsOf(results, closed)
  const active = Math.min(useStore(store.active), rows.length - 1)
  const scroller = useRef<HTMLDivElement>(null)
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoized by the compiler
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    paddingEnd: 16,
  })
  useEffect(() => {
    if (active >= 0) virtualizer.scrollToIndex(active)
  }, [active, virtualizer])

  const checkedOf = (row: Row): Checked => {
    if (!choosing) return null
    const hits = (row.is === 'match' ? [row.match] : row.file.matches).filter(({ key }) => !results.fates.has(key))
    if (hits.length === 0) return null
    const left = hits.filter(({ key }) => leftOut.has(key)).length
    return left === 0 ? true : left === hits.length ? false : 'mixed'
  }
  const toggle = (row: Row) => {
    const hits = row.is === 'match' ? [row.match] : row.file.matches
    store.leave(
      hits.map(({ key }) => key),
      checkedOf(row) !== false,
    )
  }
  const idOf = (index: number) => `found-${index}`
  const parentOf = (index: number) => rows.findLastIndex((row, at) => at <= index && row.is === 'file')

  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[active]
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const actions: Partial<Record<string, () => void>> = {
      ArrowDown: () => store.active.set(Math.min(active + 1, rows.length - 1)),
      ArrowUp: () => (active === 0 ? onUp() : store.active.set(active - 1)),
      PageDown: () => store.active.set(Math.min(active + 10, rows.length - 1)),
      PageUp: () => store.active.set(Math.max(active - 10, 0)),
      Home: () => store.active.set(0),
      End: () => store.active.set(rows.length - 1),
      ArrowRight: () => {
        if (row.is === 'file' && !row.open) store.fold(row.file.document, false)
        else if (row.is === 'file') store.active.set(active + 1)
      },
      ArrowLeft: () => {
        if (row.is === 'match') store.active.set(parentOf(active))
        else store.fold(row.file.document, true)
      },
      Enter: () => onOpen(row, true),
      ' ': () => (choosing ? toggle(row) : onOpen(row, false)),
    }
    const action = actions[event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  }

  return (
    <div className="find-scroller" ref={scroller}>
      <div
        ref={list}
        role="tree"
        aria-label="Found"
        tabIndex={0}
        className="find-rows"
        style={{ height: virtualizer.getTotalSize() }}
        aria-activedescendant={active < 0 ? undefined : idOf(active)}
        onKeyDown={onKeyDown}
      >
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]
          if (row === undefined) return null
          const checked = checkedOf(row)
          const fate = row.is === 'match' ? results.fates.get(row.match.key) : undefined
          return (
            <div
              key={rowKey(row)}
              id={idOf(index)}
              role="treeitem"
              aria-level={row.is === 'file' ? 1 : 2}
              aria-expanded={row.is === 'file' ? row.open : undefined}
              aria-selected={index === active}
              aria-checked={checked ?? undefined}
              className="find-row"
              data-is={row.is}
              data-active={index === active || undefined}
              data-fate={fate}
              data-left-out={checked === false || undefined}
              style={{ top: start }}
              onClick={() => {
                store.active.set(index)
                if (row.is === 'file') store.fold(row.file.document, row.open)
                else onOpen(row, true)
              }}
            >
              <span className="sr-only">{row.is === 'file' ? fileLabel(row.file) : matchLabel(row.match, fate)}</span>
              <div className="find-drawn" aria-hidden>
                {row.is === 'file' ? (
                  <FileLine file={row.file} open={row.open} checked={checked} onToggle={() => toggle(row)} />
                ) : (
                  <MatchLine hit={row.match} fate={fate} checked={checked} onToggle={() => toggle(row)} />
                )}
              </div>
            </div>
          )
        })}
      </div>
    </div>
  )
}

import { type RefCallback, useCallback, useEffect, useRef } from 'react'

/** What takes the focus; null where nothing should. */
type Heir = () => HTMLElement | null

/** Where the focus was, for when that is gone. */
interface Place {
  element: HTMLElement
  /** The list around it, and the how manyth entry of it that was. */
  list: Element | null
  index: number
}

function placeOf(element: HTMLElement, region: HTMLElement): Place {
  const entry = element.closest('li')
  const list = entry !== null && region.contains(entry) ? entry.parentElement : null
  return { element, list, index: list === null ? -1 : Array.from(list.children).indexOf(entry as Element) }
}

/** The first control of the entry that has moved up to where the lost one was; of the last one when that was the last. */
function neighbour({ list, index }: Place): HTMLElement | null {
  if (!list?.isConnected) return null
  const entry = list.children.item(Math.min(index, list.children.length - 1))
  return entry?.querySelector<HTMLElement>('button:enabled, a[href]') ?? null
}

function keepFocus(region: HTMLElement, heir: Heir | undefined): () => void {
  let place: Place | null = null
  const onFocus = ({ target }: FocusEvent) => {
    place = target instanceof HTMLElement ? placeOf(target, region) : null
  }
  // Whoever clicks beside everything has left it; what is taken away is no longer there by then.
  const onBlur = () =>
    void setTimeout(() => {
      if (place?.element.isConnected && place.element !== document.activeElement) place = null
    })
  const watch = new MutationObserver(() => {
    if (place === null) return
    if (place.element.isConnected) {
      place = placeOf(place.element, region)
      return
    }
    const lost = place
    place = null
    if (document.activeElement !== document.body) return
    const next = heir === undefined ? (neighbour(lost) ?? region.closest<HTMLElement>('[tabindex]')) : heir()
    next?.focus()
  })
  region.addEventListener('focusin', onFocus)
  region.addEventListener('focusout', onBlur)
  watch.observe(region, { childList: true, subtree: true })
  return () => {
    region.removeEventListener('focusin', onFocus)
    region.removeEventListener('focusout', onBlur)
    watch.disconnect()
  }
}

/**
 * For a region in which controls go once they have done what they are for. The browser would give the focus of one that
 * is taken away to the whole page, where no key does anything and a screen reader begins anew. It goes to `heir` instead;
 * without one to the next entry of the list, or, where there is none, to the panel around the region.
 */
export function useFocusKept(heir?: Heir): RefCallback<HTMLElement> {
  const latest = useRef(heir)
  useEffect(() => {
    latest.current = heir
  })
  return useCallback((region: HTMLElement | null) => {
    if (region === null) return undefined
    return keepFocus(region, latest.current === undefined ? undefined : () => latest.current?.() ?? null)
  }, [])
}

import type { ComponentProps, MouseEvent } from 'react'
import { go } from './location'
import { type Place, writePlace } from './place'

type PlaceLinkProps = Omit<ComponentProps<'a'>, 'href'> & { place: Place }

/** A real link, so that it can be copied and opened in a new tab; a plain click stays on the page. */
export function PlaceLink({ place, onClick, ...rest }: PlaceLinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    go(place)
  }
  return <a {...rest} href={writePlace(place)} onClick={follow} />
}

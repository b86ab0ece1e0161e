import { useEffect } from 'react'
import { isPressed } from '../lib/keys'
import { actionIds, entryOf, keysOf } from './catalogue'
import { registry } from './registry'

const ofThePage = actionIds.filter((id) => entryOf(id).within === undefined && keysOf(id).length > 0)

/** A question or a form over the page comes first. */
const isAsked = () => document.querySelector('.dialog') !== null

/** Vim and Emacs have Ctrl or Alt with a letter for themselves while one is in the text, as far as they use it. */
const isForText = ({ target, key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent) =>
  ctrlKey !== altKey &&
  !metaKey &&
  !shiftKey &&
  /^[a-z]$/i.test(key) &&
  target instanceof Element &&
  target.closest('[data-keys] .cm-content') !== null

/** Does the actions whose keys work wherever the focus is. */
export function usePageKeys(): void {
  useEffect(() => {
    const take = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented) return
      const id = ofThePage.find((one) => keysOf(one).some((key) => isPressed(key, event)))
      if (id === undefined || !registry.has(id)) return
      // Before the browser prints the page.
      event.preventDefault()
      if (!isAsked()) registry.run(id)
    }
    const onWayDown = (event: KeyboardEvent) => (isForText(event) ? undefined : take(event))
    const onWayUp = (event: KeyboardEvent) => (isForText(event) ? take(event) : undefined)
    // On its way down, so that nothing on the page can take the key first.
    addEventListener('keydown', onWayDown, { capture: true })
    addEventListener('keydown', onWayUp)
    return () => {
      removeEventListener('keydown', onWayDown, { capture: true })
      removeEventListener('keydown', onWayUp)
    }
  }, [])
}

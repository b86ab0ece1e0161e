import { useEffect } from 'react'
import { isPressed } from '../lib/keys'
import { actionIds, entryOf, keysOf } from './catalogue'
import { registry } from './registry'

const ofThePage = actionIds.filter((id) => entryOf(id).within === undefined && keysOf(id).length > 0)

/** A question or a form over the page comes first. */
const isAsked = () => document.querySelector('.dialog') !== null

/** Does the actions whose keys work wherever the focus is. */
export function usePageKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.isComposing) return
      const id = ofThePage.find((one) => keysOf(one).some((key) => isPressed(key, event)))
      if (id === undefined || !registry.has(id)) return
      // Before the browser prints the page.
      event.preventDefault()
      if (!isAsked()) registry.run(id)
    }
    // On its way down, so that nothing on the page can take the key first.
    addEventListener('keydown', onKey, { capture: true })
    return () => removeEventListener('keydown', onKey, { capture: true })
  }, [])
}

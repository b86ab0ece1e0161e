import { useState } from 'react'

/** What has the focus; for an entry of a menu its button, since the entry is gone by the time the focus comes back. */
export function focusedNow(): Element | null {
  const active = document.activeElement
  const menu = active?.closest('[role=menu]') ?? null
  return menu === null ? active : document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
}

/** For a dialog, to be called as it closes: gives the focus back to what had it when the dialog opened. */
export function useGiveBack(): (event: Event) => void {
  const [opener] = useState(focusedNow)
  return (event) => {
    if (!(opener instanceof HTMLElement && opener.isConnected)) return
    event.preventDefault()
    opener.focus({ preventScroll: true })
  }
}

/** What has the focus; for an entry of a menu its button, since the entry is gone by the time the focus comes back. */
export function focusedNow(): Element | null {
  const active = document.activeElement
  const menu = active?.closest('[role=menu]') ?? null
  return menu === null ? active : document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
}

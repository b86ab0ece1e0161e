/**
 * Gives the focus to a dialog that opens, rather than to its first button: that one would show its hint, which then
 * takes the first Escape.
 */
export function focusItself(event: Event): void {
  event.preventDefault()
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus()
}

/**
 * Gives the focus to a dialog that opens, rather than to its first button: that one would show its hint, which then
 * takes the first Escape. A field in it that is marked by `data-first` gets it instead. Not by `autoFocus`, which comes
 * before the dialog listens: when something behind it takes the focus then, the dialog would not know what to give it
 * back to, and what is typed would go into the text of everybody.
 */
export function focusItself(event: Event): void {
  event.preventDefault()
  if (!(event.currentTarget instanceof HTMLElement)) return
  const first = event.currentTarget.querySelector<HTMLElement>('[data-first]') ?? event.currentTarget
  first.focus()
}

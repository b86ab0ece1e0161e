const wide = 'pre, table, [data-displayed]'

/** Whatever in a text is wider than it and scrolls sideways can be reached by the keyboard; nothing else need be. */
export class Sideways {
  // Called once the page is laid out, so that nobody waits for it to be.
  private readonly observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.setAttribute('tabindex', '0')
      else target.removeAttribute('tabindex')
    }
  })

  watch(element: HTMLElement): void {
    if (element.matches(wide)) this.observer.observe(element)
    for (const inner of element.querySelectorAll(wide)) this.observer.observe(inner)
  }

  stop(): void {
    this.observer.disconnect()
  }
}

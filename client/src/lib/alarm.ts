/** A timer that may be put off at every key: it is made anew only to ring earlier, and looks again when it comes. */
export class Alarm {
  private due = Infinity
  private comes = Infinity
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly ring: () => void) {}

  /** Rings once, in so many milliseconds from now, whatever was wanted before. */
  set(delay: number): void {
    const now = Date.now()
    this.due = now + delay
    if (this.comes <= this.due) return
    clearTimeout(this.timer)
    this.wait(now)
  }

  stop(): void {
    clearTimeout(this.timer)
    this.due = this.comes = Infinity
  }

  private wait(now: number): void {
    this.comes = this.due
    this.timer = setTimeout(this.onTime, this.due - now)
  }

  private readonly onTime = () => {
    const now = Date.now()
    if (now < this.due) this.wait(now)
    else {
      this.due = this.comes = Infinity
      this.ring()
    }
  }
}

export interface ServerEvent {
  type: string
  data: string
}

/** Server-sent events from text in pieces of any size: what this server sends of them, so no ids and no retries. */
export class EventReader {
  private held = ''

  /** The events that are complete by now. */
  push(text: string): ServerEvent[] {
    const blocks = (this.held + text).split('\n\n')
    this.held = blocks.pop() ?? ''
    return blocks.map((block) => {
      const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line))
      const values = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []))
      return { type: values('event').at(-1) ?? 'message', data: values('data').join('\n') }
    })
  }
}

import { describe, expect, test } from 'vitest'
import { type Deed, type Ghost, type GhostEvent, greyText, noGhost, partOf, step } from './ghost'

/** A small editor around the machine: a text, a clock, and everything that the machine has asked for so far. */
class Desk {
  ghost: Ghost = noGhost
  time = 10_000
  deeds: Deed[] = []

  constructor(public text = '') {}

  on(event: GhostEvent): this {
    const { ghost, deeds } = step(this.ghost, event, this.time)
    this.ghost = ghost
    this.deeds.push(...deeds)
    return this
  }
  wait(ms: number): this {
    this.time += ms
    return this
  }
  insert(at: number, text: string): void {
    this.text = this.text.slice(0, at) + text + this.text.slice(at)
  }
  type(text: string, at = this.ghost.cursor ?? this.text.length): this {
    this.insert(at, text)
    return this.on({ is: 'typed', from: at, to: at, insert: text })
  }
  erase(letters: number): this {
    const to = this.ghost.cursor ?? this.text.length
    const from = to - letters
    this.text = this.text.slice(0, from) + this.text.slice(to)
    return this.on({ is: 'typed', from, to, insert: '' })
  }
  pause(fits = true): this {
    const { due } = this.ghost
    if (due === null) return this
    this.time = Math.max(this.time, due)
    return this.on({ is: 'due', fits })
  }
  answer(text: string, ended = true): this {
    const request = this.ghost.requests
    this.on({ is: 'piece', request, id: `c${request}`, text, insteadOf: null })
    return ended ? this.on({ is: 'ended', request }) : this
  }
  accept(part: 'whole' | 'line' | 'word'): this {
    const shown = greyText(this.ghost)
    if (shown === null) throw new Error('there is nothing to accept')
    this.insert(shown.at, partOf(shown.text, part))
    return this.on({ is: 'accepted', part })
  }
  get shown(): string | null {
    return greyText(this.ghost)?.text ?? null
  }
  get told() {
    return this.deeds.filter((deed) => deed.do === 'tell')
  }
  get asked(): number[] {
    return this.deeds.flatMap((deed) => (deed.do === 'ask' ? [deed.at] : []))
  }
  get aborted(): number {
    return this.deeds.filter((deed) => deed.do === 'abort').length
  }
}

const shownDesk = (text = ' on Tuesday.\nNobody came.') => new Desk().type('It was').pause().answer(text)

describe('asking', () => {
  test('waits for a pause, and asks where the person types', () => {
    const desk = new Desk().type('It').wait(100).type(' was')
    expect(desk.asked).toEqual([])
    expect(desk.ghost.due).toBeGreaterThan(desk.time)
    expect(desk.pause().asked).toEqual([6])
    expect(desk.shown).toBeNull()
    expect(desk.answer(' on Tuesday.').shown).toBe(' on Tuesday.')
    expect(desk.ghost.due).toBeNull()
  })

  test('not before anything was typed, nor after the cursor was put elsewhere', () => {
    expect(new Desk('text').on({ is: 'moved' }).ghost.due).toBeNull()
    const desk = new Desk().type('It was').on({ is: 'moved' })
    expect(desk.pause().asked).toEqual([])
  })

  test('not where something is in the way, but once it is gone', () => {
    const desk = new Desk().type('It').on({ is: 'blocked', blocked: true }).pause()
    expect(desk.asked).toEqual([])
    desk.on({ is: 'blocked', blocked: false }).pause()
    expect(desk.asked).toEqual([2])
  })

  test('not where it does not fit, and not for who does not want it', () => {
    expect(new Desk().type('It').pause(false).asked).toEqual([])
    const desk = new Desk().on({ is: 'switched', on: false }).type('It').pause()
    expect(desk.asked).toEqual([])
    expect(desk.on({ is: 'switched', on: true }).type('s').pause().asked).toEqual([3])
  })

  test('anew when somebody types on before anything has come', () => {
    const desk = new Desk().type('It').pause().type(' was')
    expect(desk.aborted).toBe(0)
    desk.pause()
    expect(desk.aborted).toBe(1)
    expect(desk.asked).toEqual([2, 6])
    // What the first still says is nobody's business.
    desk.on({ is: 'piece', request: 1, id: 'c1', text: ' is', insteadOf: null })
    expect(desk.shown).toBeNull()
  })
})

describe('typing along', () => {
  test('shortens it without asking again', () => {
    const desk = shownDesk().type(' on').wait(50).type(' T')
    expect(desk.shown).toBe('uesday.\nNobody came.')
    expect(desk.pause().asked).toEqual([6])
    expect(desk.told).toEqual([])
  })

  test('also while it has not come yet', () => {
    const desk = new Desk().type('It was').pause().type(' on')
    expect(desk.answer(' on Tuesday.').shown).toBe(' Tuesday.')
    expect(desk.pause().asked).toEqual([6])
  })

  test('and ahead of what has come', () => {
    const desk = new Desk().type('It was').pause().answer(' o', false).type(' on Tue')
    expect(desk.shown).toBeNull()
    expect(desk.answer('n Tuesday').shown).toBe('sday')
    const wrong = new Desk().type('It was').pause().answer(' o', false).type(' on Wed')
    expect(wrong.answer('n Tuesday').shown).toBeNull()
    expect(wrong.aborted).toBe(1)
    expect(wrong.pause().asked).toEqual([6, 13])
  })

  test('and back again', () => {
    expect(shownDesk('abc').type('ab').erase(1).shown).toBe('bc')
    const desk = shownDesk('abc').type('ab').erase(3)
    expect(desk.shown).toBeNull()
    expect(desk.told).toMatchObject([{ decision: 'ignore' }])
  })

  test('something else ends it', () => {
    const desk = shownDesk().wait(700).type('!')
    expect(desk.shown).toBeNull()
    expect(desk.told).toMatchObject([{ id: 'c1', decision: 'ignore', shownMs: 700, taken: null }])
    expect(desk.pause().asked).toEqual([6, 7])
  })

  test('to its end, it was typed and not accepted', () => {
    const desk = shownDesk('abc').wait(600).type('abc')
    expect(desk.told).toMatchObject([{ decision: 'ignore' }])
    expect(desk.pause().asked).toEqual([6, 9])
  })
})

describe('deciding', () => {
  test('all of it', () => {
    const desk = shownDesk(' on Tuesday.').wait(800).accept('whole')
    expect(desk.text).toBe('It was on Tuesday.')
    expect(desk.told).toEqual([{ do: 'tell', id: 'c1', decision: 'accept', shownMs: 800, taken: { from: 6, to: 18 } }])
    expect(desk.pause().asked).toEqual([6, 18])
  })

  test('all that has come, while more would', () => {
    const desk = new Desk().type('It was').pause().answer(' on', false).accept('whole')
    expect(desk.aborted).toBe(1)
    expect(desk.told).toMatchObject([{ decision: 'accept', taken: { from: 6, to: 9 } }])
  })

  test('a word, a line, and the rest, told once with all of it', () => {
    const desk = shownDesk().wait(500).accept('word')
    expect(desk.text).toBe('It was on')
    expect(desk.accept('line').text).toBe('It was on Tuesday.')
    expect(desk.shown).toBe('\nNobody came.')
    expect(desk.told).toEqual([])
    expect(desk.accept('line').text).toBe('It was on Tuesday.\nNobody came.')
    expect(desk.told).toMatchObject([{ decision: 'accept', taken: { from: 6, to: 31 } }])
  })

  test('of a part that was accepted the part is told, whatever ends the rest', () => {
    const ends: GhostEvent[] = [{ is: 'rejected' }, { is: 'moved' }, { is: 'left' }, { is: 'edited', cursor: 0 }]
    for (const end of ends) {
      const desk = shownDesk().accept('word').wait(300).on(end)
      expect(desk.told).toMatchObject([{ decision: 'accept', taken: { from: 6, to: 9 } }])
    }
    const desk = shownDesk().accept('word').type(' W')
    expect(desk.told).toMatchObject([{ decision: 'accept', taken: { from: 6, to: 9 } }])
  })

  test('what of an accepted part was taken back does not count', () => {
    const desk = shownDesk().accept('word').erase(1).on({ is: 'moved' })
    expect(desk.told).toMatchObject([{ decision: 'accept', taken: { from: 6, to: 8 } }])
    const nothing = shownDesk().accept('word').erase(3).wait(10).on({ is: 'moved' })
    expect(nothing.told).toMatchObject([{ decision: 'ignore' }])
  })

  test('rejecting is not asking again', () => {
    const desk = shownDesk().wait(900).on({ is: 'rejected' })
    expect(desk.told).toMatchObject([{ decision: 'reject', shownMs: 900 }])
    expect(desk.shown).toBeNull()
    expect(desk.pause().asked).toEqual([6])
  })

  test('what was never seen is not told: the next request takes its place', () => {
    const desk = new Desk().type('It').pause().on({ is: 'blocked', blocked: true }).answer(' is').on({ is: 'moved' })
    expect(desk.told).toEqual([])
  })

  test('nothing came, so there is nothing to tell and nothing to ask again', () => {
    const desk = new Desk().type('It').pause().on({ is: 'ended', request: 1 })
    expect(desk.told).toEqual([])
    expect(desk.pause().asked).toEqual([2])
  })
})

describe('other people', () => {
  test('move it along with the text', () => {
    const desk = shownDesk().on({ is: 'others', changes: [{ from: 0, to: 2, inserted: 5 }] })
    expect(greyText(desk.ghost)?.at).toBe(9)
    expect(desk.ghost.cursor).toBe(9)
  })

  test('end it where they write at the place', () => {
    for (const change of [
      { from: 6, to: 6, inserted: 1 },
      { from: 7, to: 8, inserted: 0 },
      { from: 0, to: 20, inserted: 0 },
    ]) {
      const desk = shownDesk()
        .type(' o')
        .wait(600)
        .on({ is: 'others', changes: [change] })
      expect(desk.shown).toBeNull()
      expect(desk.told).toMatchObject([{ decision: 'ignore' }])
      expect(desk.pause().asked).toEqual([6])
    }
  })

  test('several changes at once count from the text before them', () => {
    const changes = [
      { from: 0, to: 0, inserted: 10 },
      { from: 3, to: 4, inserted: 0 },
      { from: 30, to: 30, inserted: 5 },
    ]
    expect(greyText(shownDesk().on({ is: 'others', changes }).ghost)?.at).toBe(15)
  })
})

test('parts of a grey text', () => {
  expect(partOf(' on Tuesday', 'word')).toBe(' on')
  expect(partOf('\n    return x', 'word')).toBe('\n    return')
  expect(partOf('.map(x)', 'word')).toBe('.')
  expect(partOf('é😀x', 'word')).toBe('é')
  expect(partOf('😀x', 'word')).toBe('😀')
  expect(partOf('  ', 'word')).toBe('  ')
  expect(partOf('a\nb', 'line')).toBe('a')
  expect(partOf('\nb\nc', 'line')).toBe('\nb')
  expect(partOf('\n\nc', 'line')).toBe('\n')
})

/** Numbers that a seed decides (mulberry32). */
function randomly(seed: number) {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** A desk that checks, after each step, what must always hold. */
class WatchedDesk extends Desk {
  /** What the server has sent for each request, which is independent of what the machine makes of it. */
  readonly sent = new Map<number, string>()
  private readonly open = new Set<number>()
  private readonly seen = new Map<string, number>()
  private readonly settled = new Set<string>()
  private lastLook = this.time

  override on(event: GhostEvent): this {
    const before = this.ghost
    const visible = greyText(before) === null ? null : before.completion?.id
    if (visible !== null && visible !== undefined)
      this.seen.set(visible, (this.seen.get(visible) ?? 0) + this.time - this.lastLook)
    this.lastLook = this.time
    const known = this.deeds.length
    super.on(event)
    if (event.is === 'ended') this.open.delete(event.request)
    for (const deed of this.deeds.slice(known)) this.check(deed, before)
    this.look()
    return this
  }

  private check(deed: Deed, before: Ghost): void {
    if (deed.do === 'ask') {
      expect(before.on && !before.blocked).toBe(true)
      this.open.add(deed.request)
      this.sent.set(deed.request, '')
      expect(this.open.size).toBe(1)
    } else if (deed.do === 'abort') {
      expect(this.open.delete(deed.request)).toBe(true)
    } else {
      expect(this.settled.has(deed.id)).toBe(false)
      this.settled.add(deed.id)
      expect(deed.shownMs).toBe(this.seen.get(deed.id))
      expect(deed.decision === 'accept').toBe(deed.taken !== null)
    }
  }

  private look(): void {
    const { completion } = this.ghost
    const shown = greyText(this.ghost)
    if (completion !== null) {
      expect(this.text.slice(completion.at, completion.at + completion.typed.length)).toBe(completion.typed)
      expect(completion.accepted).toBeLessThanOrEqual(completion.typed.length)
      expect(completion.text).toBe(this.sent.get(completion.request))
      expect(this.ghost.cursor).toBe(completion.at + completion.typed.length)
    }
    if (shown === null || completion === null) return
    // Together with what stands of it already, it is a part of what was sent for this place, and stands at the cursor.
    expect(completion.typed + shown.text).toBe(this.sent.get(completion.request))
    expect(shown.at).toBe(this.ghost.cursor)
    expect(this.ghost.due).toBeNull()
    expect(this.settled.has(completion.id ?? '')).toBe(false)
  }

  /** What was on the screen, and nobody said what became of it. */
  get unsettled(): string[] {
    return [...this.seen].flatMap(([id, ms]) => (ms > 0 && !this.settled.has(id) ? [id] : []))
  }
}

const words = ['a', 'ab', ' ', '\n', 'b😀', ').']

function anything(desk: WatchedDesk, random: (below: number) => number): unknown {
  const { ghost, text } = desk
  const pick = () => words[random(words.length)] ?? ''
  const shown = greyText(ghost)
  desk.wait(random(400))
  switch (random(16)) {
    case 0:
    case 1:
      return desk.type(pick())
    case 2:
    case 3: {
      const rest = shown?.text ?? pick()
      return desk.type(rest.slice(0, 1 + random(rest.length)))
    }
    case 4: {
      const before = ghost.cursor ?? text.length
      return before > 0 && desk.erase(1 + random(Math.min(3, before)))
    }
    case 5:
    case 6:
    case 7:
      return desk.pause(random(8) > 0)
    case 8:
    case 9:
    case 10: {
      const { completion } = ghost
      if (completion === null || completion.done) return null
      const piece = random(3) > 0 ? pick() : completion.typed.slice(completion.text.length) + pick()
      desk.sent.set(completion.request, (desk.sent.get(completion.request) ?? '') + piece)
      const id = `c${completion.request}`
      return desk.on({ is: 'piece', request: completion.request, id, text: piece, insteadOf: null })
    }
    case 11:
      return ghost.completion?.done === false && desk.on({ is: 'ended', request: ghost.requests })
    case 12: {
      return shown && desk.accept((['whole', 'line', 'word'] as const)[random(3)] ?? 'whole')
    }
    case 13: {
      const from = random(text.length + 1)
      const to = Math.min(text.length, from + random(3))
      const inserted = pick()
      desk.text = text.slice(0, from) + inserted + text.slice(to)
      return desk.on({ is: 'others', changes: [{ from, to, inserted: inserted.length }] })
    }
    case 14:
      return desk.on({ is: 'blocked', blocked: random(3) === 0 })
    default: {
      const rare: GhostEvent[] = [
        { is: 'rejected' },
        { is: 'moved' },
        { is: 'left' },
        { is: 'edited', cursor: random(text.length + 1) },
        { is: 'switched', on: random(3) > 0 },
        // Of a request that nobody waits for any more.
        { is: 'piece', request: ghost.requests - 1, id: 'old', text: 'old', insteadOf: null },
        { is: 'ended', request: ghost.requests - 1 },
      ]
      const event = rare[random(rare.length)]
      return event && desk.on(event)
    }
  }
}

test('whatever happens: what is shown fits the text, each is told once, and one is asked for at a time', () => {
  const counts = { shown: 0, accepted: 0, told: 0 }
  for (let seed = 0; seed < 1_000; seed += 1) {
    const random = randomly(seed)
    const desk = new WatchedDesk('start ')
    try {
      for (let turn = 0; turn < 60; turn += 1) {
        anything(desk, random)
        counts.shown += Number(desk.shown !== null)
      }
      desk.on({ is: 'left' })
      expect(desk.unsettled).toEqual([])
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    counts.told += desk.told.length
    counts.accepted += desk.told.filter(({ decision }) => decision === 'accept').length
  }
  // It was worth the while.
  expect(counts.shown).toBeGreaterThan(3_000)
  expect(counts.accepted).toBeGreaterThan(150)
  expect(counts.told).toBeGreaterThan(1_000)
})

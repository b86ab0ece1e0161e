/** What the page asks the frame that draws, and what that answers. */

export interface Order {
  id: number
  source: string
  dark: boolean
}

export type Drawn = { id: number; svg: string } | { id: number; problem: string } | { ready: true }

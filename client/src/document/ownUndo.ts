import * as Y from 'yjs'

/**
 * Takes back one's own edits. Where the last thing that one has done to the text was none of them, but a decision, that
 * is taken back instead: an older edit would vanish unseen.
 */
export class OwnUndo extends Y.UndoManager {
  private steps: (() => boolean)[] = []

  constructor(text: Y.Text) {
    super(text)
    const forget = () => {
      this.steps = []
    }
    this.on('stack-item-added', forget)
    this.on('stack-item-updated', forget)
    this.on('stack-item-popped', forget)
  }

  /** Something was done that is no edit of one's own. `takeBack` says whether there is still something to take back. */
  noteStep(takeBack: () => boolean): void {
    this.steps.push(takeBack)
    // What is typed next is no part of what was typed before.
    this.stopCapturing()
  }

  override undo() {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) if (step()) return null
    return super.undo()
  }

  override canUndo(): boolean {
    return this.steps.length > 0 || super.canUndo()
  }
}

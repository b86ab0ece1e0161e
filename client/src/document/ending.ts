/** Why a document's connection ended for good, in words. */
export interface Ending {
  title: string
  detail: string
  /** Whether the text that is shown may be worth copying. */
  keepsText: boolean
  /** Whether this browser's own edits are what stands in the way: without them the document opens again. */
  ownFault?: true
  /** Whether it is in the trash. */
  deleted?: true
}

const endings: Record<number, Ending> = {
  4401: {
    title: 'You are signed out',
    detail:
      'What you see is the text as you had it, and your last edits are not saved. Copy what you need, then come in again with a new link.',
    keepsText: true,
  },
  4403: {
    title: 'You no longer have access to this file',
    detail: 'An owner of the workspace can let you in again.',
    keepsText: true,
  },
  4404: {
    title: 'This file does not exist',
    detail: 'It may have been deleted, or it belongs to another workspace.',
    keepsText: false,
  },
  4410: {
    title: 'This file was deleted',
    detail:
      'It was deleted while you had it open. What you see is the last text that reached you; it is no longer saved.',
    keepsText: true,
    deleted: true,
  },
  4413: {
    title: 'This file is too large to edit together',
    detail: 'It can still be downloaded.',
    keepsText: false,
  },
}

/** Why the server closes a document that goes on as another one (docs/sync.md). */
const renewal = 'this document goes on under a new id'

/** The text goes on as another document at the same path, which opens by itself where nothing would be lost. */
const renewed: Ending = {
  title: 'This file goes on as a fresh copy',
  detail:
    'The record of how it was written could not be worked with any more. All that was saved is in the copy, which opens in a moment.',
  keepsText: true,
}

/** Another document has taken its path, and edits that are nowhere else keep this one on the screen. */
export const replacement = {
  title: 'Another file has taken the place of this one',
  detail:
    'What you see is the text as you had it, with edits of yours that were not saved. Copy what you need from it.',
}

export function endingFor(code: number, reason: string, wasOpen: boolean): Ending {
  if (code === 4413 && wasOpen) return outgrown
  if (code === 4410 && reason === renewal) return renewed
  return (
    endings[code] ?? {
      title: 'The server closed this file',
      detail: reason === '' ? `It gave no reason (code ${code}).` : reason,
      keepsText: true,
    }
  )
}

/** The document was open, and grew beyond what can be edited together by what was typed or pasted here. */
const outgrown: Ending = {
  title: 'This file is as large as it can be',
  detail:
    'With your last edit it would be larger than one file may be, so that edit was not saved. Copy what you need first.',
  keepsText: true,
  ownFault: true,
}

/** The server refuses what this browser sends (1007 malformed, 1009 too large); trying the same again cannot help. */
export const refused: Ending = {
  title: 'The server does not take your last edit',
  detail: 'It is too large, or not plain text, so it was not saved. Copy what you need first.',
  keepsText: true,
  ownFault: true,
}

export const isRefusal = (code: number) => code === 1007 || code === 1009

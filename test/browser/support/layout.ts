/** What moves on a page without anybody having moved it. */
import type { Page } from 'playwright-core';

/** As browsers tell of it; TypeScript's library does not know it yet. */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
}

export interface Shifts {
  /** The sum, as in Cumulative Layout Shift, over the whole visit. */
  score: number;
  /** What moved. */
  readonly places: string[];
}

declare global {
  interface Window {
    shifts: Shifts;
  }
}

/** Measures from the next page on. */
export async function watchLayout(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shifts: Shifts = { score: 0, places: [] };
    window.shifts = shifts;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as LayoutShift[]) {
        if (entry.hadRecentInput) continue;
        shifts.score += entry.value;
        for (const { node } of entry.sources)
          shifts.places.push(node instanceof Element ? node.outerHTML.slice(0, 160) : `${node?.nodeName}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

export function shiftsOf(page: Page): Promise<Shifts> {
  return page.evaluate(() => window.shifts);
}

/** What stands beside something longer goes along with it, and shows its end before it stays. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Below the header. */
const TOP_PX = 68;
const BOTTOM_PX = 16;

export function Beside({ children }: { children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = () => {
      const height = box.current?.offsetHeight ?? 0;
      const top = Math.min(TOP_PX, window.innerHeight - height - BOTTOM_PX);
      box.current?.style.setProperty('--stays-at', `${top}px`);
    };
    const resize = new ResizeObserver(place);
    if (box.current !== null) resize.observe(box.current);
    window.addEventListener('resize', place);
    return () => {
      resize.disconnect();
      window.removeEventListener('resize', place);
    };
  }, []);
  return (
    <div class="stack beside" ref={box}>
      {children}
    </div>
  );
}

/**
 * Who is who among those that give orders. Names are compared without regard to case, space and what cannot be seen: nobody
 * becomes two people by writing a name in two ways.
 */

/** Whether two names mean one person. */
export function isSamePerson(one: string, other: string): boolean {
  return identityOf(one) === identityOf(other);
}

function identityOf(actor: string): string {
  return (
    actor
      .normalize('NFKC')
      // U+FFFD stands for what could not be seen (`words.ts`).
      .replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}\uFFFD]/gu, '')
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .toLowerCase()
  );
}

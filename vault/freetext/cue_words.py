"""Words of the four languages beside which people, organisations or places are named.

Folded (no case, no accents). Used by the name tagger as one clue among many; a word may mean several things, the
first class that lists it counts.
"""

from __future__ import annotations

from typing import Final

# fmt: off
_CLASSES: Final[dict[str, str]] = {
    "title": """m mr mme mlle mm mmes me mrs ms miss mister sir madam madame monsieur mademoiselle messieurs mesdames
        maitre maitres dr dre drs docteur doctoresse professeur prof dhr mevr mw mevrouw meneer mijnheer juffrouw heer
        heren dame frau herr herrn fraulein doktor hr fr ra rain meester mter advocaat avocat avocate lawyer anwalt
        anwaltin rechtsanwalt rechtsanwaltin advocate attorney doctor arts sieur veuve weduwe wed pere soeur imam
        pasteur pastor dominee abbe zuster pater mijn""",
    "kin": """frere freres soeur soeurs pere mere fils fille filles mari epoux epouse femme conjoint conjointe
        compagnon compagne concubin concubine partenaire enfant enfants bebe oncle tante cousin cousine cousins neveu
        niece neveux beau belle maman papa parrain marraine tuteur tutrice grand fiance fiancee ex copain copine
        amie ami amis jumeau jumelle aine ainee cadet cadette
        broer broers zus zussen zuster vader moeder zoon zoontje dochter dochtertje man echtgenoot echtgenote vrouw
        partner kind kinderen kindjes oom nicht neef schoonbroer schoonzus schoonmoeder schoonvader grootmoeder oma
        opa grootvader peter meter voogd vriend vriendin verloofde baby tweeling broertje zusje stiefvader
        bruder schwester vater mutter sohn tochter ehemann ehefrau mann ehepartner lebensgefahrtin lebensgefahrte
        onkel cousine neffe schwager schwagerin schwiegermutter schwiegervater grossmutter grossvater vormund freund
        freundin verlobter verlobte kinder zwilling sohnchen
        brother brothers sister sisters father mother son sons daughter daughters husband wife spouse girlfriend
        boyfriend child children kids kid uncle aunt nephew grandmother grandfather mom mum dad guardian friend
        roommate fiancee twin twins sibling stepfather stepmother""",
    "called": """nomme nommee nommes prenomme prenommee appele appelee dit dite surnomme alias nom prenom prenoms
        identite denomme genaamd genoemd heet heten naam voornaam familienaam achternaam namelijk named called name
        surname genannt namens heisst name vorname nachname heissen nee geb geboren ne signe""",
    "host": """chez heberge hebergee hebergeur hebergeant loge bij inwonend verblijft woont logeert onderdak bei wohnt
        unterkunft wohnhaft beim with at staying lives stays hosted""",
    "person_role": """assistante assistant assistent assistente interprete tolk dolmetscher dolmetscherin interpreter
        coach educateur educatrice begeleider begeleidster betreuer betreuerin psychologue psycholoog psychologin
        psychologist directeur directrice directeur director proprietaire eigenaar vermieter landlord bailleur huurbaas
        patron baas chef employeur werkgever arbeitgeber employer collegue collegue collega kollege kollegin colleague
        medecin huisarts arzt arztin infirmiere verpleegkundige krankenschwester nurse juge rechter richter judge
        ministre minister president presidente voorzitter prasident conseil conseiller raadsman raadsvrouw consul
        tuteur voogd temoin getuige zeuge witness voisin voisine buurman buurvrouw nachbar nachbarin neighbour
        professeur leraar lerares juf lehrer lehrerin teacher agent inspecteur acteur actrice chanteur chanteuse
        ecrivain auteur schrijver schrijfster autor autorin singer actor actress author zanger zangeres sanger""",
    "said": """dit declare explique affirme raconte ajoute precise demande repond zegt zei verklaart vertelt vraagt
        antwoordt belt belde sagt sagte erklart erzahlt fragt said says told explained explains asked asks replied
        vu vue entretien rencontre rdv appel gesprek gezien afspraak telefoon gesprach termin met spoke meeting""",
    "org": """ecole school schule lycee college athenee basisschool ziekenhuis hopital clinique kliniek krankenhaus
        hospital asbl vzw sprl srl bv bvba nv sa gmbh ltd inc verein stichting fondation foundation universite
        universiteit universitat university commune gemeente stad ville cpas ocmw centre centrum zentrum bureau
        kantoor cabinet kanzlei firma entreprise bedrijf societe restaurant winkel magasin association organisation
        organisatie ong ngo club fc parti partij partei ministere ministerie ministerium ministry band groupe groep
        compagnie company orchestre museum musee theatre""",
    "place": """rue avenue chaussee boulevard place quai straat laan steenweg plein strasse platz weg street road
        village dorp dorf town city region province provincie provinz quartier wijk gare station bahnhof airport
        aeroport luchthaven river riviere rivier fluss mont mount lac lake berg ile eiland insel island""",
}
# fmt: on
CUE_CLASS: Final[dict[str, str]] = {
    word: name for name, words in reversed(list(_CLASSES.items())) for word in words.split()
}

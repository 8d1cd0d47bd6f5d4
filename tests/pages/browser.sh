#!/bin/sh
# The browser named by PAREFEU_BROWSER, with Playwright's arguments and a few features of the address bar left out:
# nobody sees its suggestions here, and the two hidden pages that draw them take, for each context, as long as the
# signing in. Of several --disable-features only the last counts: so the one that Playwright gives is made longer.
for argument; do
    shift
    case $argument in
        --disable-features=*) argument=$argument,WebUIOmniboxPopup,WebUIOmniboxAimPopup ;;
    esac
    set -- "$@" "$argument"
done
exec "$PAREFEU_BROWSER" "$@"

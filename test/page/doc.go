// Package page has no code: its tests open the page of a real stack in the real Chromium.
package page

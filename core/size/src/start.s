@ What runs before the firmware? It lets the floating-point unit be used, fills .data and clears .bss. It is in assembly
@ so that no loop here becomes a call of memcpy, which the library has to answer for.
    .syntax unified
    .section .vectors, "a", %progbits
    .word stack_top
    .word start
    .rept 14
    .word fault
    .endr

    .section .text.start, "ax", %progbits
    .global start
    .type start, %function
    .thumb_func
start:
    ldr r0, =0xe000ed88
    ldr r1, [r0]
    orr r1, r1, #0x00f00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =data_start
    ldr r1, =data_end
    ldr r2, =data_load
1:  cmp r0, r1
    beq 2f
    ldr r3, [r2], #4
    str r3, [r0], #4
    b 1b
2:  ldr r0, =bss_start
    ldr r1, =bss_end
    movs r3, #0
3:  cmp r0, r1
    beq 4f
    str r3, [r0], #4
    b 3b
4:  bl firmware
    .type fault, %function
    .thumb_func
fault:
    b fault
    .ltorg
    .size start, . - start

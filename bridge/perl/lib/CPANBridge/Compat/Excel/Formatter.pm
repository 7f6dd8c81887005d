package CPANBridge::Compat::Excel::Formatter;

# Shows numbers in Excel's number formats.
use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

my @MONTHS = qw(January February March April May June July August September October November December);
my @DAYS   = qw(Sunday Monday Tuesday Wednesday Thursday Friday Saturday);

my $NUMBER = qr/\A\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*\z/;

# Formats that have been taken apart: text => sections.
my %known;

sub show {
    my ( $format, $value, $from_1904 ) = @_;
    return '' if !defined $value;
    return $value if !defined $format || $format =~ /\A\s*(?:General|GENERAL)?\s*\z/i;
    my $sections = $known{$format} //= _sections($format);
    if ( $value !~ $NUMBER ) {
        my ($text) = grep { $_->{text} } reverse @$sections;
        return $value if !$text;
        return join '', map { $_->[0] eq 'text' ? $value : $_->[0] eq 'literal' ? $_->[1] : '' } @{ $text->{tokens} };
    }
    my ( $section, $absolute ) = _chosen( $sections, $value );
    return $value if !$section;
    return _general( $section, $absolute ? abs $value : $value ) if $section->{general};
    return _date( $section, $value, $from_1904 ) if $section->{date};
    return _number( $section, $absolute ? abs $value : $value );
}

# --- taking a format apart ----------------------------------------------------------------------------------------

sub _sections {
    my ($format) = @_;
    my @sections;
    my $current = { tokens => [] };
    while ( $format =~ /\G(?:"([^"]*)"|\\(.)|_(.)|\*(.)|\[([^\]]*)\]|([yYmMdDhHsS]+)|(AM\/PM|A\/P|am\/pm)|(General|GENERAL)|([eE][+-])|([0#?]+)|(.))/gs ) {
        my $tokens = $current->{tokens};
        if    ( defined $1 ) { push @$tokens, [ literal => $1 ] }
        elsif ( defined $2 ) { push @$tokens, [ $2 eq '(' || $2 eq ')' ? 'paren' : 'literal', $2 ] }
        elsif ( defined $3 ) { push @$tokens, [ space => ' ' ] }
        elsif ( defined $4 ) { push @$tokens, [ literal => ' ' ] if $4 eq ' ' && grep { $_->[0] !~ /\A(?:paren|space)\z/ } @$tokens }
        elsif ( defined $5 ) { _bracket( $current, $5 ) }
        elsif ( defined $7 ) { push @$tokens, [ half => $7 ]; $current->{date} = $current->{half} = 1 }
        elsif ( defined $6 ) {
            my $parts = $6;
            for my $part ( $parts =~ /(y+|m+|d+|h+|s+)/gi ) { push @$tokens, [ part => lc $part ] }
            $current->{date} = 1;
        }
        elsif ( defined $8 )  { $current->{general} = 1; push @$tokens, ['general'] }
        elsif ( defined $9 )  { push @$tokens, [ exponent => $9 ] }
        elsif ( defined $10 ) { push @$tokens, [ digits => $10 ] }
        else {
            my $other = $11;
            if    ( $other eq ';' ) { push @sections, $current; $current = { tokens => [] } }
            elsif ( $other eq '@' ) { push @$tokens, ['text']; $current->{text} = 1 }
            elsif ( index( '.,%/', $other ) >= 0 ) { push @$tokens, [ $other => $other ] }
            elsif ( index( '()', $other ) >= 0 )   { push @$tokens, [ paren => $other ] }
            elsif ( index( '-$', $other ) >= 0 )   { push @$tokens, [ $other => $other ] }
            else                                   { push @$tokens, [ literal => $other ] }
        }
    }
    push @sections, $current if @{ $current->{tokens} } || !@sections;
    pop @sections while @sections > 1 && !@{ $sections[-1]{tokens} };
    _months($_) for grep { $_->{date} } @sections;
    return \@sections;
}

# Colours say nothing here; conditions, currencies and durations do.
sub _bracket {
    my ( $section, $inside ) = @_;
    if ( $inside =~ /\A(<=|>=|<>|<|>|=)\s*([-+0-9.eE]+)\z/ ) { $section->{condition} = [ $1, $2 ] }
    elsif ( $inside =~ /\A\$([^-]*)/ ) { push @{ $section->{tokens} }, [ literal => $1 ] }
    elsif ( $inside =~ /\A(h+|m+|s+)\z/i ) { push @{ $section->{tokens} }, [ elapsed => lc $1 ]; $section->{date} = 1 }
    return;
}

# m is minutes beside hours and seconds; .0 behind seconds is a part of them.
sub _months {
    my ($section) = @_;
    my @time = grep { $_->[0] =~ /\A(?:part|elapsed)\z/ } @{ $section->{tokens} };
    for my $at ( 0 .. $#time ) {
        my ( $kind, $part ) = @{ $time[$at] };
        next if $kind ne 'part' || $part !~ /\Am{1,2}\z/;
        my $before = $at ? $time[ $at - 1 ][1] : '';
        my $after = $at < $#time ? $time[ $at + 1 ][1] : '';
        $time[$at][0] = 'minutes' if $before =~ /\Ah/ || $after =~ /\As/;
    }
    my @tokens = @{ $section->{tokens} };
    for my $at ( 1 .. $#tokens - 1 ) {
        next if $tokens[$at][0] ne '.' || $tokens[ $at + 1 ][0] ne 'digits';
        $section->{fraction} = length $tokens[ $at + 1 ][1];
        $tokens[ $at + 1 ][0] = 'fraction';
    }
    return;
}

my %COMPARE = (
    '<'  => sub { $_[0] < $_[1] },
    '>'  => sub { $_[0] > $_[1] },
    '<=' => sub { $_[0] <= $_[1] },
    '>=' => sub { $_[0] >= $_[1] },
    '='  => sub { $_[0] == $_[1] },
    '<>' => sub { $_[0] != $_[1] },
);

# The section for a number, and whether it shows the sign itself. Of four, the first one, as the original has it.
sub _chosen {
    my ( $sections, $value ) = @_;
    my @sections = @$sections > 3 ? $sections->[0] : @$sections;
    if ( grep { $_->{condition} } @sections ) {
        for my $section (@sections) {
            my $condition = $section->{condition} or return ( $section, 0 );
            return ( $section, 0 ) if $COMPARE{ $condition->[0] }->( $value, $condition->[1] );
        }
        return;
    }
    return ( $sections[0], 0 ) if @sections == 1;
    return ( $sections[1], grep { $_->[0] eq '-' } @{ $sections[1]{tokens} } ) if $value < 0;
    return ( $sections[2], 0 ) if @sections == 3 && $value == 0;
    return ( $sections[0], 0 );
}

# --- numbers ------------------------------------------------------------------------------------------------------

sub _general {
    my ( $section, $value ) = @_;
    return join '', map { $_->[0] eq 'general' ? $value : defined $_->[1] ? $_->[1] : '' } @{ $section->{tokens} };
}

sub _number {
    my ( $section, $value ) = @_;
    my @tokens = map { [@$_] } @{ $section->{tokens} };
    return join '', map { $_->[0] eq 'literal' ? $_->[1] : $_->[0] eq 'text' ? $value : '' } @tokens
      if !grep { $_->[0] eq 'digits' } @tokens;
    @tokens = grep { $_->[0] ne 'paren' && $_->[0] ne 'space' } @tokens;    # as the original has it
    my $sign = $value < 0 ? '-' : '';
    $value = abs $value;
    $value *= 100 for grep { $_->[0] eq '%' } @tokens;
    my ($slash) = grep { $tokens[$_][0] eq '/' } 0 .. $#tokens;
    return $sign . _fraction( \@tokens, $value, $slash ) if defined $slash && $slash && $slash < $#tokens;

    # Commas between digits group thousands, those behind them divide.
    my ($point) = grep { $tokens[$_][0] eq '.' } 0 .. $#tokens;
    my ($exponent) = grep { $tokens[$_][0] eq 'exponent' } 0 .. $#tokens;
    my $end = defined $point ? $point : defined $exponent ? $exponent : @tokens;
    my @whole = grep { $tokens[$_][0] eq 'digits' } 0 .. $end - 1;
    my $group = 0;
    for my $at ( grep { $tokens[$_][0] eq ',' } 0 .. $#tokens ) {
        if ( @whole && $at > $whole[0] && $at < $whole[-1] ) { $group = 1 }
        else                                                 { $value /= 1000 }
        $tokens[$at] = [ literal => '' ];
    }
    my @part = defined $point ? grep { $tokens[$_][0] eq 'digits' } $point + 1 .. ( defined $exponent ? $exponent - 1 : $#tokens ) : ();
    my $places = 0;
    $places += length $tokens[$_][1] for @part;
    my $power;
    if ( defined $exponent ) {
        my $width = 0;
        $width += length $tokens[$_][1] for @whole;
        $power = $value ? int( log($value) / log(10) + ( $value < 1 ? -1 : 0 ) + 1e-12 ) : 0;
        $power = $width * int( $power / $width ) if $width > 1;
        $power -= $width if $width > 1 && $power < 0 && $value < 10**$power;
        my $digits = sprintf( "%.${places}f", $value / 10**$power );
        if ( $digits >= 10**( $width || 1 ) ) { $power += $width || 1; $digits = sprintf( "%.${places}f", $value / 10**$power ) }
        $value = $digits;
    }
    my ( $left, $right ) = split /\./, sprintf( "%.${places}f", $value );
    $left = '' if $left eq '0' && $tokens[ $whole[0] // 0 ][1] =~ /0/;
    _fill_left( \@tokens, \@whole, $left, $group );
    _fill_right( \@tokens, \@part, defined $right ? $right : '' );
    if ( defined $exponent ) {
        my $shown = $tokens[$exponent][1] =~ /\+/ ? ( $power < 0 ? 'E-' : 'E+' ) : $power < 0 ? 'E-' : 'E';
        my ($digits) = grep { $_ > $exponent && $tokens[$_][0] eq 'digits' } 0 .. $#tokens;
        $tokens[$exponent] = [ literal => $shown ];
        $tokens[$digits] = [ literal => sprintf '%0*d', length $tokens[$digits][1], abs $power ] if defined $digits;
    }
    my ($first) = ( ( grep { $tokens[$_][0] eq '$' } 0 .. $#tokens ), @whole, @part );
    $tokens[$first][1] = $sign . $tokens[$first][1];
    return join '', map { $_->[0] eq 'text' ? '' : defined $_->[1] ? $_->[1] : '' } @tokens;
}

# Puts the digits left of the point into the places for them, from the right.
sub _fill_left {
    my ( $tokens, $places, $digits, $group ) = @_;
    my $count = 0;
    for my $at ( reverse @$places ) {
        my $filled = '';
        for my $place ( reverse split //, $tokens->[$at][1] ) {
            my $digit = length $digits ? chop $digits : $place eq '0' ? '0' : '';
            next if !length $digit;
            $filled = ",$filled" if $group && $count && $count % 3 == 0;
            $count++;
            $filled = $digit . $filled;
        }
        if ( $at == $places->[0] ) {
            while ( length $digits ) {
                $filled = ",$filled" if $group && $count && $count % 3 == 0;
                $count++;
                $filled = chop($digits) . $filled;
            }
        }
        $tokens->[$at] = [ literal => $filled ];
    }
    return;
}

# And those right of it, zeros at the end too, as the original has it.
sub _fill_right {
    my ( $tokens, $places, $digits ) = @_;
    for my $index (@$places) {
        $tokens->[$index] = [ literal => substr $digits, 0, length $tokens->[$index][1], '' ];
    }
    return;
}

# Like "# ?/?": the nearest fraction whose denominator has so many digits, or is the one that stands there.
sub _fraction {
    my ( $tokens, $value, $slash ) = @_;
    my ($below) = grep { $tokens->[$_][0] eq 'digits' || $tokens->[$_][0] eq 'literal' && $tokens->[$_][1] =~ /\A[0-9]/ } $slash + 1 .. $#$tokens;
    my ($above) = grep { $tokens->[$_][0] eq 'digits' } reverse 0 .. $slash - 1;
    return $value if !defined $below || !defined $above;
    my ($whole) = grep { $tokens->[$_][0] eq 'digits' } 0 .. $above - 1;
    my $integer = defined $whole ? int $value : 0;
    my $rest = $value - $integer;
    my $fixed = join '', map { $_->[1] } @{$tokens}[ $below .. $#$tokens ];
    my ( $best, $of ) = ( 0, 1 );
    if ( $fixed =~ /\A([1-9][0-9]*)/ ) { $of = $1; $best = int( $rest * $of + 0.5 ) }
    else {
        my $error = 2;
        for my $try ( 1 .. 10**length( $tokens->[$below][1] ) - 1 ) {
            my $top = int( $rest * $try + 0.5 );
            my $off = abs( $rest - $top / $try );
            if ( $off < $error - 1e-12 ) { ( $best, $of, $error ) = ( $top, $try, $off ) }
            last if $error < 1e-12;
        }
    }
    if ( defined $whole && $best == $of ) { $integer++; $best = 0 }
    my $width = length $tokens->[$above][1];
    my $shown = defined $whole ? $integer || ( $best ? '' : 0 ) : '';
    return $shown . ' ' x ( 2 + 2 * $width - 1 + ( defined $whole ? 0 : -1 ) ) if !$best && defined $whole;
    return $shown . ( defined $whole && length $shown ? ' ' : '' ) . sprintf( '%*s/%-*s', $width, $best, length $tokens->[$below][1], $of );
}

# --- dates --------------------------------------------------------------------------------------------------------

# Day, month and year of a day that Excel counts.
sub calendar {
    my ( $days, $from_1904 ) = @_;
    $days += 1462 if $from_1904;
    return ( 29, 2, 1900 ) if $days == 60;    # a day that Excel believes in
    return ( 0, 1, 1900 ) if $days == 0;
    $days++ if $days < 60;
    my $z = $days + 2_415_018.5 + 0.5;        # the Julian day
    my $alpha = int( ( $z - 1_867_216.25 ) / 36_524.25 );
    my $b = $z + 1 + $alpha - int( $alpha / 4 ) + 1524;
    my $c = int( ( $b - 122.1 ) / 365.25 );
    my $d = int( 365.25 * $c );
    my $e = int( ( $b - $d ) / 30.6001 );
    my $month = $e < 14 ? $e - 1 : $e - 13;
    return ( $b - $d - int( 30.6001 * $e ), $month, $month > 2 ? $c - 4716 : $c - 4715 );
}

sub _date {
    my ( $section, $value, $from_1904 ) = @_;
    return $value if $value < 0 || $value >= 2_958_466;
    my $places = $section->{fraction} || 0;
    my $days = int $value;
    my $milliseconds = int( ( $value - $days ) * 86_400_000 + 0.5 );
    if ( $milliseconds >= 86_400_000 ) { $days++; $milliseconds -= 86_400_000 }
    my $seconds = int( $milliseconds / 1000 );
    my $fraction = substr sprintf( '%03d', $milliseconds % 1000 ) . '0' x $places, 0, $places;
    my ( $hour, $minute, $second ) = ( int( $seconds / 3600 ), int( $seconds / 60 ) % 60, $seconds % 60 );
    my ( $day, $month, $year ) = calendar( $days, $from_1904 );
    my $weekday = ( $days + ( $from_1904 ? 1462 : 0 ) - 1 ) % 7;
    my %elapsed = ( h => $days * 24 + $hour, m => ( $days * 24 + $hour ) * 60 + $minute, s => $days * 86_400 + $seconds );
    my $shown = '';
    for my $token ( @{ $section->{tokens} } ) {
        my ( $kind, $text ) = @$token;
        my $width = length( $text // '' );
        if    ( $kind eq 'elapsed' )  { $shown .= sprintf '%0*d', $width, $elapsed{ substr $text, 0, 1 } }
        elsif ( $kind eq 'minutes' )  { $shown .= sprintf '%0*d', $width, $minute }
        elsif ( $kind eq 'fraction' ) { $shown .= $fraction }
        elsif ( $kind eq 'half' ) {
            my ( $before, $after ) = split m{/}, $text;
            $shown .= $hour < 12 ? $before : $after;
        }
        elsif ( $kind ne 'part' )   { $shown .= $text if defined $text && $kind ne 'text' }
        elsif ( $text =~ /\Ay/ ) { $shown .= $width > 2 ? sprintf '%04d', $year : sprintf '%02d', $year % 100 }
        elsif ( $text =~ /\Am/ ) {
            my $name = $MONTHS[ $month - 1 ];
            $shown .= $width > 4 ? substr $name, 0, 1 : $width == 4 ? $name : $width == 3 ? substr $name, 0, 3 : sprintf '%0*d', $width, $month;
        }
        elsif ( $text =~ /\Ad/ ) {
            my $name = $DAYS[$weekday];
            $shown .= $width > 3 ? $name : $width == 3 ? substr $name, 0, 3 : sprintf '%0*d', $width, $day;
        }
        elsif ( $text =~ /\Ah/ ) { $shown .= sprintf '%0*d', $width > 2 ? 2 : $width, $section->{half} ? ( $hour % 12 || 12 ) : $hour }
        elsif ( $text =~ /\As/ ) { $shown .= sprintf '%0*d', $width > 2 ? 2 : $width, $second }
    }
    return $shown;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Formatter - shows numbers in Excel's number formats

=head1 DESCRIPTION

Used by our L<Spreadsheet::ParseXLSX>; programs have no need of it.

=head1 FUNCTIONS

=head2 show

    my $text = show( '#,##0.00;[Red]-#,##0.00', -1234.5, $from_1904 );    # "-1,234.50"

Sections, conditions, placeholders, thousands, percent, exponents, fractions, dates, durations, literals. Colours say
nothing.

=head2 calendar

    my ( $day, $month, $year ) = calendar( 45350, $from_1904 );

=cut

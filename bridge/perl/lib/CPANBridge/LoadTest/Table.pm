package CPANBridge::LoadTest::Table;

use strict;
use warnings;

our $VERSION = '0.1.0';

my @HEADS = ( 'phase', 'offered', 'executed', 'refused', 'failed', 'call', 'p50', 'p99', 'the daemon saw', 'verdict' );
my %LEFT = map { $_ => 1 } 'phase', 'the daemon saw', 'verdict';

# The resources whose warnings and violations the calls bring about; others are in the notes.
my $CALLS = qr/\A(?:Concurrent requests|Request rate)\z/;

sub lines {
    my (@results) = @_;
    my @rows = ( \@HEADS, map { _row($_) } @results );
    my @width = (0) x @HEADS;
    for my $row (@rows) {
        for my $column ( 0 .. $#HEADS ) {
            my $length = length $row->[$column];
            $width[$column] = $length if $length > $width[$column];
        }
    }
    my @lines;
    for my $row (@rows) {
        my $line = join '  ', map {
            my $blanks = ' ' x ( $width[$_] - length $row->[$_] );
            $LEFT{ $HEADS[$_] } ? $row->[$_] . $blanks : $blanks . $row->[$_];
        } 0 .. $#HEADS;
        $line =~ s/ +\z//;
        push @lines, $line;
    }
    return @lines;
}

sub _row {
    my ($result) = @_;
    my ( $phase, $tally, $seen ) = @$result{qw(phase tally seen)};
    my @saw = ("$seen->{peak} at once");
    push @saw, "$seen->{rate}/min";
    push @saw, grep { my $level = $_; grep {/$CALLS/} keys %{ $seen->{"${level}s"} } } 'warning', 'violation';
    push @saw, sprintf '%.0f>%.0f>%.0f MB', @$seen{qw(memory_before memory_peak memory_after)} if $phase->{expect}{memory};
    my $verdict = $result->{verdict};
    return [
        "$phase->{title}, $phase->{callers} callers",
        @$tally{qw(offered executed refused failed)},
        seconds( $phase->{hold} ),
        seconds( $tally->{p50} ),
        seconds( $tally->{p99} ),
        join( ', ', @saw ),
        $verdict->{tested} ? $verdict->{verdict} : "$verdict->{verdict} (not tested)",
    ];
}

sub seconds {
    my ($seconds) = @_;
    return '-' if !defined $seconds;
    return '0' if !$seconds;
    return $seconds < 0.9995 ? sprintf( '%.0fms', 1000 * $seconds ) : sprintf '%.2fs', $seconds;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Table - the results of a load test as a table

=head1 FUNCTIONS

=head2 lines

    print "$_\n" for CPANBridge::LoadTest::Table::lines(@results);

Returns the lines of the table, one for each result below its heads: hashes with C<phase>, C<tally>, C<seen> and
C<verdict>.

=head2 seconds

    my $text = CPANBridge::LoadTest::Table::seconds(0.012);

Returns a time for people: C<12ms>, C<4.10s>, C<-> for C<undef>.

=cut

package CPANBridge::Compat::DBI::OracleNames;

use strict;
use warnings;

our $VERSION = '0.1.0';

# Files with names of databases, in the order that Oracle's clients look for them. They are the program's: the daemon reads none.
sub files {
    my $home = $ENV{ORACLE_HOME};
    my @folders = grep { defined && length } $ENV{TNS_ADMIN}, defined $home && length $home ? "$home/network/admin" : undef, '/etc';
    return ( defined $ENV{HOME} ? "$ENV{HOME}/.tnsnames.ora" : () ), map {"$_/tnsnames.ora"} @folders;
}

# The connect descriptor of a name; nothing where no file has it.
sub resolve {
    my ($name) = @_;
    my @spelt = lc $name;
    if ( $name !~ /\./ ) {
        my $domain = _default_domain();
        unshift @spelt, lc "$name.$domain" if defined $domain;
    }
    for my $file ( files() ) {
        my $entries = entries($file);
        for my $one (@spelt) { return $entries->{$one} if exists $entries->{$one} }
    }
    return;
}

sub _default_domain {
    for my $file ( files() ) {
        ( my $sqlnet = $file ) =~ s{\.?tnsnames\.ora\z}{sqlnet.ora};
        my $text = _read($sqlnet);
        next if !defined $text;
        return $1 if $text =~ /^\s*NAMES\.DEFAULT_DOMAIN\s*=\s*([\w.-]+)/im;
    }
    return;
}

sub names {
    my %seen;
    return grep { !$seen{$_}++ } map { sort keys %{ entries($_) } } files();
}

# All entries of a file, by their names in lower case: the first of each name counts.
sub entries {
    my ( $file, $seen ) = @_;
    $seen ||= {};
    return {} if $seen->{$file}++ || keys %$seen > 20;
    my $text = _read($file);
    return {} if !defined $text;
    my %entry;
    $text =~ s/^[^\S\n]*#[^\n]*$//mg;
    while ( $text =~ /\G\s*([^\s=()#][^=()]*?)\s*=\s*/gc ) {
        my $names = $1;
        if ( lc $names eq 'ifile' ) {
            $text =~ /\G([^\n]*)/gc;
            ( my $other = $1 ) =~ s/\A\s*["']?|["']?\s*\z//g;
            if ( $other !~ m{\A/} ) { ( my $folder = $file ) =~ s{[^/]*\z}{}; $other = "$folder$other" }
            my $more = entries( $other, $seen );
            for my $name ( keys %$more ) { $entry{$name} = $more->{$name} if !exists $entry{$name} }
            next;
        }
        my $value = _balanced( \$text );
        if ( !defined $value ) { $text =~ /\G[^\n]*/gc; next }
        for my $name ( split /\s*,\s*/, lc $names ) { $entry{$name} = $value if !exists $entry{$name} }
    }
    return \%entry;
}

# What stands in parentheses from here on, without the blanks around signs; nothing where they do not match.
sub _balanced {
    my ($text) = @_;
    my $start = pos $$text;
    my $depth = 0;
    my $value = '';
    while ( $$text =~ /\G(?:("[^"]*"|'[^']*')|#[^\n]*|\s*([()=])\s*|([^()="'#]+)|(.))/gcs ) {
        if ( defined $2 ) {
            last if !$depth && $2 ne '(';
            $value .= $2;
            $depth += $2 eq '(' ? 1 : $2 eq ')' ? -1 : 0;
            return $value if !$depth;
        }
        elsif ( !$depth ) { last }
        else {
            my $piece = defined $1 ? $1 : defined $3 ? $3 : defined $4 ? $4 : '';
            $piece =~ s/\s+/ /g if !defined $1;
            $piece =~ s/ \z//;
            $value .= $piece;
        }
    }
    pos($$text) = $start;
    return;
}

sub _read {
    my ($file) = @_;
    open my $in, '<', $file or return;
    local $/;
    return scalar <$in>;
}

# Whether a name is that of a database of this machine, as /etc/oratab lists them.
sub is_local {
    my ($name) = @_;
    return 1 if defined $ENV{ORACLE_SID} && $ENV{ORACLE_SID} eq $name;
    for my $file ( '/etc/oratab', '/var/opt/oracle/oratab' ) {
        my $text = _read($file);
        return 1 if defined $text && $text =~ /^\Q$name\E:/m;
    }
    return 0;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::OracleNames - names of Oracle's databases, from tnsnames.ora

=head1 DESCRIPTION

Used by the replacement of L<DBD::Oracle>; programs have no need of it. F<tnsnames.ora> is looked for in C<TNS_ADMIN>,
F<network/admin> of C<ORACLE_HOME>, and F</etc>; before them comes F<.tnsnames.ora> in the user's own directory. Of F<sqlnet.ora>
beside it C<NAMES.DEFAULT_DOMAIN> counts, and nothing else.

=head1 FUNCTIONS

=head2 files

Returns where F<tnsnames.ora> is looked for.

=head2 resolve

Returns the connect descriptor of a name, or nothing.

=head2 names

Returns all names.

=head2 entries

Returns all entries of a file as a hash, those of files that C<IFILE> names included.

=head2 is_local

Returns whether a name is in F</etc/oratab>, or C<ORACLE_SID>.

=cut
